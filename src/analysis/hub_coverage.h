// Whether the hubs that are linked are those that the rules want.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/rule_set.h"

namespace allocd {

// Reports every hub pattern that fits none of `linked_hubs` [no-linked-hub]. A pattern with `${..}`
// is reported only where no value could make it fit.
void check_hub_coverage(const RuleSet& rules, const std::vector<std::string>& linked_hubs,
                        Diagnostics& diagnostics);

}  // namespace allocd
