// Test cases and a rule set in; what each case came to, and which rules were reached, out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/rule_set.h"
#include "rulefile/load_tests.h"

namespace allocd {

struct TestResult {
  const TestCase* test = nullptr;
  // Each a sentence: what was expected and what came, or why the expected rule did not decide.
  std::vector<std::string> failures;

  bool passed() const { return failures.empty(); }
};

// Which rules decided in at least one case.
struct Coverage {
  std::size_t rules = 0;
  std::size_t reached = 0;
  std::vector<std::string> unreached;  // names, in the order of the rules

  double percent() const;
};

struct TestRun {
  std::vector<TestResult> results;
  std::size_t failed = 0;
  Coverage coverage;
};

// Asks the rules each case, as the daemon would at the time `now`. Valid as long as `tests`.
TestRun run_tests(const RuleSet& rules, const std::vector<TestCase>& tests, Moment now);

}  // namespace allocd
