// Tries a new rule set on the last requests before it comes into force: who would lose the hub?
#pragma once

#include <chrono>

#include "daemon/cpu_budget.h"
#include "daemon/guard_report.h"
#include "daemon/recent_requests.h"
#include "daemon/redaction.h"
#include "policy/decide.h"
#include "policy/rule_set.h"

namespace allocd {

inline constexpr std::chrono::seconds kGuardTime{2};

// Both sets decide each request as at the time `now`: neither the time nor a table that both have
// makes a move, a table that changed does. When time is up, the verdict is on the devices that were
// compared until then, those seen last.
GuardReport guard_reload(const RuleSet& from, const RuleSet& to, const RecentBodies& recent,
                         const GuardSettings& settings, Moment now, const Redaction& redaction,
                         const TimeIsUp& time_is_up = after_cpu_time(kGuardTime));

}  // namespace allocd
