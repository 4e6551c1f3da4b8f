// Test cases and a rule set in; what each case came to, and what of the rules was reached, out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analysis/branch_coverage.h"
#include "policy/rule_set.h"
#include "rulefile/load_tests.h"

namespace allocd {

struct TestResult {
  const TestCase* test = nullptr;
  // Each a sentence: what was expected and what came, or why the expected rule did not decide.
  std::vector<std::string> failures;

  bool passed() const { return failures.empty(); }
};

// Which rules decided in at least one case, and which branches of them were taken.
struct Coverage {
  std::size_t rules = 0;
  std::size_t reached = 0;
  std::vector<Located<std::string>> unreached;  // names, in the order of the rules
  std::vector<Branch> branches;

  double percent() const;  // of the rules
  std::size_t branches_reached() const;
};

struct TestRun {
  std::vector<TestResult> results;
  std::size_t failed = 0;
  Coverage coverage;
};

// Asks the rules, compiled from `spec`, each case as the daemon would at the time `now`. Valid as
// long as `tests`.
TestRun run_tests(const RuleSet& rules, const RuleSetSpec& spec, const std::vector<TestCase>& tests,
                  Moment now);

}  // namespace allocd
