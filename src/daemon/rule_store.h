// Hands out the rules in force.
#pragma once

#include "daemon/current.h"
#include "policy/rule_set.h"

namespace allocd {

using RuleStore = Current<RuleSet>;

}  // namespace allocd
