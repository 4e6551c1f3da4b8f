#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include "analysis/run_mutants.h"
#include "analysis/run_tests.h"
#include "cli/commands.h"
#include "cli/junit.h"
#include "cli/output.h"
#include "cli/test_files.h"
#include "cli/test_report.h"
#include "policy/regex.h"
#include "rulefile/load_rules.h"
#include "rulefile/rule_paths.h"

namespace allocd {
namespace {

bool is_directory(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// Keeps the tests in whose names `wanted` is found; how many were left out.
std::size_t keep_only(const Regex& wanted, const std::string& as_written, LoadedTests& tests) {
  const std::size_t left_out =
      std::erase_if(tests.cases, [&](const TestCase& test) { return !wanted.matches(test.name); });
  if (tests.cases.empty() && !tests.diagnostics.has_errors())
    tests.diagnostics.file_error("", "no-tests",
                                 "no test to run: " + in_backticks(as_written) +
                                     " is in the name of none of " + std::to_string(left_out));
  return left_out;
}

bool write_junit(const TestRun& run, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << junit_xml(run);
  return file.flush().good();
}

int nothing_tested(LoadedRules& loaded, const LoadedTests& tests, Format format) {
  loaded.diagnostics.append(tests.diagnostics);
  if (format == Format::AsJson) {
    std::cout << diagnostics_json(loaded).dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  } else {
    print_diagnostics(loaded.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    std::cerr << "allocd test: nothing was tested, see above\n";
  }
  return kFindings;
}

// The verdict on what was found, with a word about what the report does not say.
int judge(const TestOptions& options, const TestReport& report) {
  const TestRun& run = report.run;
  bool fine = run.failed == 0;
  if (!options.junit.empty() && !write_junit(run, options.junit)) {
    std::cerr << "allocd test: cannot write " << in_backticks(options.junit) << '\n';
    fine = false;
  }
  if (run.coverage.percent() < options.min_coverage) {
    std::cerr << "allocd test: " << std::fixed << std::setprecision(1) << run.coverage.percent()
              << " % of the rules are reached, less than --min-coverage " << options.min_coverage
              << '\n';
    fine = false;
  }
  if (options.mutate && !report.mutants)
    std::cerr << "allocd test: --mutate waits until all tests pass\n";
  if (report.mutants && !report.mutants->unnoticed.empty()) fine = false;
  return fine ? kFine : kFindings;
}

// One round: everything is read, run and told. `files` gets to know what was read.
int run_once(const TestOptions& options, const std::optional<Regex>& wanted, TestFiles& files) {
  // Files of rules, files of tests, and directories, which hold both.
  std::vector<std::string> rule_paths;
  std::vector<std::string> test_paths;
  for (const std::string& path : options.paths) {
    if (!is_test_file_name(path)) rule_paths.push_back(path);
    if (is_test_file_name(path) || is_directory(path)) test_paths.push_back(path);
  }
  files.begin();
  LoadedRules loaded = load_rules(rule_paths, Spec::Keep);
  LoadedTests tests = load_tests(test_paths);
  files.add(loaded, tests);
  TestReport report;
  if (wanted) report.left_out = keep_only(*wanted, options.run, tests);
  if (!loaded.rules || tests.diagnostics.has_errors())
    return nothing_tested(loaded, tests, options.format);

  const Moment now = std::chrono::system_clock::now();
  report.run = run_tests(*loaded.rules, *loaded.spec, tests.cases, now);
  if (options.mutate && report.run.failed == 0)
    report.mutants = run_mutants(*loaded.spec, tests.cases, now);
  if (options.format == Format::AsJson) {
    std::cout
        << report_json(report, *loaded.spec).dump(2, ' ', false, Json::error_handler_t::replace)
        << '\n';
  } else {
    print_report(report, *loaded.spec, wants_colour(STDOUT_FILENO), std::cout);
  }
  return judge(options, report);
}

// A line with the time, so that people see where the next round begins.
void print_separator() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::cout << "\n---- " << std::put_time(&local, "%H:%M:%S") << " ----\n" << std::flush;
}

}  // namespace

int run_test(const TestOptions& options) {
  bool has_rules = false;
  for (const std::string& path : options.paths) has_rules |= !is_test_file_name(path);
  if (!has_rules)
    return wrong_usage("test", "RULES: at least one file or directory of rules is required");
  // Both are about all tests of a set; of a part they would say what is not so.
  if (!options.run.empty() && (options.min_coverage > 0 || options.mutate))
    return wrong_usage("test", std::string(options.mutate ? "`--mutate`" : "`--min-coverage`") +
                                   " is about all tests, and goes without `--run`");
  if (options.watch && options.format == Format::AsJson)
    return wrong_usage("test", "`--watch` is for people, and goes without `--output json`");
  std::optional<Regex> wanted;
  if (!options.run.empty()) {
    auto compiled = Regex::compile(options.run, Regex::Extent::Anywhere, false);
    if (const auto* error = std::get_if<RegexError>(&compiled))
      return wrong_usage("test", "`--run` " + in_backticks(options.run) +
                                     " is no regular expression: " + error->message);
    wanted = std::get<Regex>(std::move(compiled));
  }

  TestFiles files(options.paths);
  int code = run_once(options, wanted, files);
  while (options.watch) {
    std::cout << std::flush;
    files.wait_for_change();
    print_separator();
    code = run_once(options, wanted, files);
  }
  return code;
}

}  // namespace allocd
