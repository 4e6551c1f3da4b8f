// Hubs made up from the patterns of rules, for requests that are made up as well.
#pragma once

#include <string>
#include <vector>

#include "policy/allocation_request.h"
#include "policy/rule_set.h"

namespace allocd {

// Hubs that the patterns of both sets fit: one for each pattern, and two that only patterns fit
// that take any hub.
std::vector<std::string> made_up_hubs(const RuleSet& from, const RuleSet& to);

// Hubs that the rule wants for this request, `${..}` filled in; for `pick: 2` so many that there is
// one. None where its `match` does not hold, or no name comes to mind that it fits.
std::vector<std::string> made_up_hubs_of(const RuleSet& rules, const Rule& rule,
                                         const AllocationRequest& request);

}  // namespace allocd
