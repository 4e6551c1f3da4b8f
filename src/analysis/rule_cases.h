// A rule's matchers taken apart: the cases in which it matches, each a set of registration IDs and
// demands on other fields.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/id_language.h"
#include "analysis/implication.h"
#include "policy/rule_set.h"

namespace allocd {

// All of it must hold.
struct RuleCase {
  IdSet ids;
  std::vector<FieldDemand> demands;
  // Why some matcher is left out, so that the case is wider than the rule; empty where none is.
  std::string left_out;
};

struct RuleCases {
  // The rule matches where any case does. Each may be wider than the rule (`left_out`), none is
  // narrower.
  std::vector<RuleCase> cases;
  // Where there are too many: none of them is there, and this says so.
  std::string not_analysed;

  static constexpr std::size_t kMaxCases = 128;
};

// Gives the automaton of an operator on the ID; null where it has none, and why.
using AutomatonOf = std::function<std::shared_ptr<IdAutomaton>(
    const CompiledOperator& op, const std::string& text, std::string& why_not)>;

// Valid as long as the rule is.
RuleCases cases_of(const Rule& rule, const AutomatonOf& automaton_of);

// Whether a device that the rule matches is decided on by it, whatever hubs there are.
bool takes_all(const Rule& rule);

}  // namespace allocd
