// Rules as written in, rules that can decide out. Compiling is validating: what is checked here is
// kept, so that nothing can fail later.
#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "policy/rule_set.h"
#include "policy/rule_spec.h"

namespace allocd {

// Reports every mistake, and returns nothing where one of them is an error. Of a set that is not
// complete, names that are missing are not reported.
std::optional<RuleSet> compile(const RuleSetSpec& spec, Diagnostics& diagnostics);

// The same, and a rule's matchers and its outcome leave `spec` once they are compiled, so that a
// large set is not in memory twice.
std::optional<RuleSet> compile_and_empty(RuleSetSpec& spec, Diagnostics& diagnostics);

// Reports examples that another rule matches first, or none [example-not-matched]. `spec` is what
// `rules` were compiled from.
void check_examples(const RuleSetSpec& spec, const RuleSet& rules, Diagnostics& diagnostics);

}  // namespace allocd
