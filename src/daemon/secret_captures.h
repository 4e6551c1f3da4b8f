// What rules cut out of values that nobody may read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/decision_event.h"
#include "daemon/redaction.h"
#include "policy/rule_set.h"

namespace allocd {

// What the named groups of `rule`, which matched, took out of a text, as far as it is not to be
// seen in that text without its secrets: `berlin` of a redacted `berlin-7`.
std::vector<std::string> secret_captures(const Rule& rule, const FieldValues& fields,
                                         const Secrets& secrets);

// The secrets of what was made of a request: hub, reason and answer. Those of the request, and what
// `rule`, one of `rules` or null, cut out of them.
Secrets with_captures(const Secrets& secrets, const RuleSet& rules, const Rule* rule,
                      std::string_view body);
// The same for a decision that was made; `secrets` are those of its request.
Secrets secrets_of_answer(const DecisionEvent& event, const Secrets& secrets);

}  // namespace allocd
