// What came of tests, and of mutants: for people on a terminal, or JSON for scripts.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>

#include "analysis/run_mutants.h"
#include "analysis/run_tests.h"

namespace allocd {

struct TestReport {
  TestRun run;
  std::size_t left_out = 0;          // tests that --run did not ask for
  std::optional<MutantRun> mutants;  // nothing where none were tried
};

// `{"passed", "failed", "leftOut", "cases": […], "coverage": {…}, "mutants": {…}}`. `spec` is of
// the rules that were tested.
Json report_json(const TestReport& report, const RuleSetSpec& spec);

// A line for each case, a summary, and a line for all that no test reaches or notices.
void print_report(const TestReport& report, const RuleSetSpec& spec, bool colour,
                  std::ostream& out);

}  // namespace allocd
