// Hands out the rules in force.
#pragma once

#include "daemon/current.h"
#include "daemon/rules_in_force.h"

namespace allocd {

using RuleStore = Current<RulesInForce>;

}  // namespace allocd
