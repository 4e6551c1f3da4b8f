// Small changes to a rule set, each of which its tests should notice.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rule_spec.h"

namespace allocd {

struct Mutant {
  enum class Change { Drop, Swap, Broaden } change = Change::Drop;
  std::size_t rule = 0;             // its number; of Swap, it and the next one
  std::optional<RuleSpec> instead;  // of Broaden: asks for less, all else as it was
  std::string text;                 // "without rule `a`", "if `a` and `b` swap"
  SourceRange range;                // of what is changed
};

// "drop", "swap", "broaden".
std::string_view change_name(Mutant::Change change);

// For each rule, in their order: without it; swapped with the next one; without one entry of its
// `match`, one operator of an entry, all of `match`, or its `rollout`; and with `matches`,
// `startsWith`, `endsWith` held anywhere in the value. What stands under a `not` stays as it is.
std::vector<Mutant> mutants_of(const RuleSetSpec& spec);

// The set with the change.
void apply(const Mutant& mutant, RuleSetSpec& spec);
// Takes the change back, `original` being the set without it.
void undo(const Mutant& mutant, const RuleSetSpec& original, RuleSetSpec& spec);

}  // namespace allocd
