// The unreachable rules of an analysis as diagnostics.
#pragma once

#include <vector>

#include "analysis/reachability.h"
#include "diagnostics/diagnostic.h"
#include "policy/rule_set.h"

namespace allocd {

// Warns of what can never decide [unreachable-rule]. `names` says where the names of the rules
// stand; where it is empty, only their source is named.
void report_unreachable(const RuleSet& rules, const Reachability& reachability,
                        const std::vector<SourceRange>& names, Diagnostics& diagnostics);

}  // namespace allocd
