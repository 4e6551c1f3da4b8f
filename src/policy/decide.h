// A rule set and a request in, a decision out.
#pragma once

#include "policy/decision.h"
#include "policy/request_values.h"
#include "policy/rule_set.h"
#include "policy/trace.h"

namespace allocd {

// Decides. The same arguments give the same decision; safe to call from any number of threads at
// once. With `trace`, every rule that was tried is appended to it.
Decision decide(const RuleSet& rules, const RequestValues& request, Moment now,
                Trace* trace = nullptr);

}  // namespace allocd
