// The matchers of a rule file: `match`, and what `hub` is held against.
#pragma once

#include <string_view>

#include "diagnostics/diagnostic.h"
#include "policy/rule_spec.h"

namespace allocd {

// A `match` map, or one under `all`, `any` or `not`: an All of its entries. Reports what has not
// the form of matchers: [wrong-type], [unknown-operator], [empty-list], [empty-matcher].
MatcherGroupSpec read_match(const LocatedValue& value, Diagnostics& diagnostics);

// What stands behind a field's name: a scalar, a list, or a map of operators. `what` names the
// field in messages.
OperatorsSpec read_operators(const LocatedValue& value, std::string_view what,
                             Diagnostics& diagnostics);

}  // namespace allocd
