// What came of a request: which outcome, decided by which rule, and why.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/rendered_json.h"

namespace allocd {

struct Rule;

enum class Outcome { Allocate, Reject, Unauthorized, NoHub, RetryLater };

// "allocate", "reject", "unauthorized", "noHub", "retryLater".
std::string_view outcome_name(Outcome outcome);

// The HTTP status that says so to DPS: 200, 400, 401, 200, 503. What DPS makes of them:
// https://learn.microsoft.com/azure/iot-dps/tutorial-custom-allocation-policies (troubleshooting)
int http_status(Outcome outcome);

// Valid as long as the rule set that decided.
struct Decision {
  Outcome outcome = Outcome::Reject;
  const Rule* rule = nullptr;  // null where no rule decided
  std::string reason;          // why not; empty for Allocate
  // Of Allocate only: an element of linkedHubs as received, and what goes with it. The twin has
  // the members `properties.desired` and `tags`, where they are not empty.
  std::string hub;
  std::optional<RenderedJson> initial_twin;
  std::optional<RenderedJson> payload;
};

}  // namespace allocd
