// A decision and how it came about as JSON, for scripts.
#pragma once

#include "policy/located_value.h"
#include "policy/trace.h"
#include "webhook/answer.h"

namespace allocd {

// `{"outcome", "status", "rule", "productLine", "source", "hub", "reason", "response", "trace"}`.
Json decision_json(const Answer& answer, const Trace& trace);

}  // namespace allocd
