// Which changes to a rule set its tests do not notice.
#pragma once

#include <cstddef>
#include <vector>

#include "analysis/mutants.h"
#include "rulefile/load_tests.h"
#include "webhook/answer.h"

namespace allocd {

struct MutantRun {
  std::size_t tried = 0;
  std::size_t noticed = 0;     // by a test that fails, or by a load that refuses the set
  std::size_t equivalent = 0;  // of the others: proven to decide as before
  std::vector<Mutant> unnoticed;
};

// Holds each mutant of the set against the tests, all of which pass without a change. The ranges
// are those of `spec`.
MutantRun run_mutants(const RuleSetSpec& spec, const std::vector<TestCase>& tests, Moment now);

}  // namespace allocd
