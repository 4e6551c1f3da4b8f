#include <chrono>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "analysis/run_tests.h"
#include "cli/commands.h"
#include "cli/junit.h"
#include "cli/output.h"
#include "rulefile/load_rules.h"
#include "rulefile/rule_paths.h"

namespace allocd {
namespace {

bool is_directory(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

Json run_json(const TestRun& run) {
  Json out = {{"passed", run.results.size() - run.failed}, {"failed", run.failed}};
  out["cases"] = Json::array();
  for (const TestResult& result : run.results)
    out["cases"].push_back({{"name", result.test->name},
                            {"file", result.test->file},
                            {"line", result.test->line},
                            {"passed", result.passed()},
                            {"failures", result.failures}});
  const Coverage& coverage = run.coverage;
  out["coverage"] = {{"rules", coverage.rules},
                     {"reached", coverage.reached},
                     {"percent", coverage.percent()},
                     {"unreached", coverage.unreached}};
  return out;
}

void print_run(const TestRun& run, bool colour, std::ostream& out) {
  for (const TestResult& result : run.results) {
    const TestCase& test = *result.test;
    if (result.passed()) {
      out << (colour ? "\x1b[32mok\x1b[0m    " : "ok    ") << printable(test.name) << '\n';
      continue;
    }
    out << (colour ? "\x1b[31mFAIL\x1b[0m  " : "FAIL  ") << printable(test.name) << " ("
        << printable(test.file) << ":" << test.line << ")\n";
    for (const std::string& failure : result.failures) out << "        " << failure << '\n';
  }
  const Coverage& coverage = run.coverage;
  out << run.results.size() << (run.results.size() == 1 ? " test, " : " tests, ") << run.failed
      << " failed; " << coverage.reached << " of " << coverage.rules
      << (coverage.rules == 1 ? " rule" : " rules") << " reached (" << std::fixed
      << std::setprecision(1) << coverage.percent() << " %)\n";
  for (const std::string& name : coverage.unreached)
    out << "no test reaches " << in_backticks(name) << '\n';
}

bool write_junit(const TestRun& run, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << junit_xml(run);
  return file.flush().good();
}

}  // namespace

int run_test(const TestOptions& options) {
  // Files of rules, files of tests, and directories, which hold both.
  std::vector<std::string> rule_paths;
  for (const std::string& path : options.paths)
    if (!is_test_file_name(path)) rule_paths.push_back(path);
  if (rule_paths.empty())
    return wrong_usage("test", "RULES: at least one file or directory of rules is required");
  std::vector<std::string> test_paths;
  for (const std::string& path : options.paths)
    if (is_test_file_name(path) || is_directory(path)) test_paths.push_back(path);

  const LoadedRules loaded = load_rules(rule_paths);
  LoadedTests tests = load_tests(test_paths);
  if (!loaded.rules || tests.diagnostics.has_errors()) {
    print_diagnostics(loaded.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    print_diagnostics(tests.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    std::cerr << "allocd test: nothing was tested, see above\n";
    return kFindings;
  }

  const TestRun run = run_tests(*loaded.rules, tests.cases, std::chrono::system_clock::now());
  if (options.format == Format::AsJson) {
    std::cout << run_json(run).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print_run(run, wants_colour(STDOUT_FILENO), std::cout);
  }
  if (!options.junit.empty() && !write_junit(run, options.junit)) {
    std::cerr << "allocd test: cannot write " << in_backticks(options.junit) << '\n';
    return kFindings;
  }
  const bool covered = run.coverage.percent() >= options.min_coverage;
  if (!covered)
    std::cerr << "allocd test: " << std::fixed << std::setprecision(1) << run.coverage.percent()
              << " % of the rules are reached, less than --min-coverage " << options.min_coverage
              << '\n';
  return run.failed == 0 && covered ? kFine : kFindings;
}

}  // namespace allocd
