// Test cases for rules that have none: a request that each of them decides, and one close by that
// it does not decide.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analysis/reachability.h"
#include "policy/rule_set.h"
#include "policy/rule_spec.h"
#include "rulefile/test_file.h"

namespace allocd {

struct SuggestedTest {
  std::string name;       // no two have the same
  SampleRequest request;  // with its linked hubs
  Expectation expect;     // what the engine says, but for what another moment would change
};

struct Suggestion {
  std::size_t rule = 0;
  // The first reaches the rule; the second, where one was found, is a near miss. Or none.
  std::vector<SuggestedTest> tests;
  std::string why_not;  // where there is none
};

struct SuggestedTests {
  // What most requests are linked to.
  std::vector<std::string> linked_hubs;
  std::vector<Suggestion> rules;  // in the order of the set
  std::size_t left_out = 0;       // further ones of those that were wanted
};

struct SuggestionOptions {
  std::size_t rules = 20;                // with tests; those without count for nothing
  std::vector<std::string> linked_hubs;  // empty: they are made up from the patterns
  Moment now;
};

// Tests for the rules at the positions `wanted`, which ascend; `rules` were compiled from `spec`,
// and `reach` is of them, with fields. Every test is confirmed by asking the engine.
SuggestedTests suggest_tests(const RuleSet& rules, const RuleSetSpec& spec,
                             const Reachability& reach, const std::vector<std::size_t>& wanted,
                             const SuggestionOptions& options);

}  // namespace allocd
