// Requests that differ in one thing from a given one: a character of the registration ID, or one
// field that rules look at.
#pragma once

#include <functional>
#include <string>

#include "analysis/made_request.h"
#include "policy/rule_set.h"

namespace allocd {

// A request that was changed in one place.
struct ChangedRequest {
  std::string registration_id;
  MadeFields fields;
  std::string change;  // "another character in the ID", "`payload.x` is 2"
};

// Calls `see` with one changed request after the other until it returns true, at last with those
// that leave the matchers of rule `rule` alone and suit a rule shortly before it; false where none
// was good enough. All IDs are valid ones.
bool for_each_change(const RuleSet& rules, std::size_t rule, const std::string& registration_id,
                     const MadeFields& fields,
                     const std::function<bool(const ChangedRequest&)>& see);

}  // namespace allocd
