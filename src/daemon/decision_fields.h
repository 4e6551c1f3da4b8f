// What the daemon's own log tells of a decision.
#pragma once

#include "daemon/decision_event.h"
#include "daemon/log_format.h"
#include "daemon/redaction.h"

namespace allocd {

// `id`, `registrationId`, `outcome`, `status`, `rule`, `hub`, `reason`, `micros`, redacted. Names
// in it are literals.
LogFields decision_fields(const DecisionEvent& event, const Redaction& redaction);

}  // namespace allocd
