#include "cli/suggest.h"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "analysis/reachability.h"
#include "analysis/report_unreachable.h"
#include "analysis/run_tests.h"
#include "analysis/suggest_tests.h"
#include "cli/output.h"
#include "cli/test_file_text.h"
#include "rulefile/load_rules.h"
#include "rulefile/load_tests.h"
#include "rulefile/rule_paths.h"

namespace allocd {
namespace {

constexpr std::chrono::seconds kAnalysisTime(5);

bool is_directory(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// Whether what is printed here goes into that file, which the shell has just made for it.
bool is_new_output(const std::string& path) {
  struct stat file {};
  struct stat output {};
  return stat(path.c_str(), &file) == 0 && fstat(STDOUT_FILENO, &output) == 0 &&
         S_ISREG(file.st_mode) && file.st_size == 0 && file.st_dev == output.st_dev &&
         file.st_ino == output.st_ino;
}

// The tests there are; that there are none is no mistake here.
LoadedTests tests_beside(const std::vector<std::string>& paths) {
  std::vector<std::string> places;
  for (const std::string& path : paths)
    if (is_test_file_name(path) || is_directory(path)) places.push_back(path);
  LoadedTests out;
  std::vector<std::string> files;
  for (const RulePath& file : find_test_files(places, out.diagnostics))
    if (!is_new_output(file.path)) files.push_back(file.path);
  return files.empty() ? std::move(out) : load_tests(files);
}

std::vector<std::size_t> rules_without_test(const LoadedRules& loaded, const LoadedTests& tests,
                                            Moment now) {
  const TestRun run = run_tests(*loaded.rules, *loaded.spec, tests.cases, now);
  std::vector<std::size_t> out;
  std::size_t rule = 0;
  for (const Located<std::string>& name : run.coverage.unreached) {
    while (loaded.spec->rules[rule].name.value != name.value) ++rule;
    out.push_back(rule);
  }
  return out;
}

SuggestedTests suggest(LoadedRules& loaded, const LoadedTests& tests,
                       const DryRunOptions& options) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + kAnalysisTime;
  const Moment now = std::chrono::system_clock::now();
  ReachabilityCache cache;
  const Reachability reach = analyse_reachability(
      *loaded.rules, cache,
      {.time_is_up = [end] { return Clock::now() >= end; }, .shortest_ids = false, .fields = true});
  report_unreachable(*loaded.rules, reach, loaded.rule_names, loaded.diagnostics);
  return suggest_tests(*loaded.rules, *loaded.spec, reach, rules_without_test(loaded, tests, now),
                       {.rules = options.suggest, .linked_hubs = options.linked_hubs, .now = now});
}

}  // namespace

int suggest_for(const DryRunOptions& options) {
  std::vector<std::string> rule_paths;
  for (const std::string& path : options.rules)
    if (!is_test_file_name(path)) rule_paths.push_back(path);
  if (rule_paths.empty())
    return wrong_usage("dry-run", "RULES: at least one file or directory of rules is required");
  LoadedRules loaded = load_rules(rule_paths, Spec::Keep);
  const LoadedTests tests = tests_beside(options.rules);
  loaded.diagnostics.append(tests.diagnostics);
  const bool bad = loaded.diagnostics.has_errors();
  SuggestedTests suggested;
  if (!bad) suggested = suggest(loaded, tests, options);
  if (options.format == Format::AsJson) {
    Json report = diagnostics_json(loaded);
    if (!bad) add_suggestions(suggested, *loaded.rules, report);
    std::cout << report.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print_diagnostics(loaded.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    if (bad) std::cerr << "allocd dry-run: nothing was suggested, see above\n";
    if (!bad) print_test_file(suggested, *loaded.rules, std::cout);
  }
  return bad || (options.fail_on_warning && loaded.diagnostics.warnings() > 0) ? kFindings : kFine;
}

}  // namespace allocd
