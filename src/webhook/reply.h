// What DPS gets to read: a decision as status and body.
#pragma once

#include <string>
#include <string_view>

#include "policy/decision.h"

namespace allocd {

struct Reply {
  int status = 400;
  std::string_view content_type;  // application/json, or text/plain for a refusal
  std::string body;
  int retry_after_seconds = 0;  // 0: no such header
};

// How long DPS is asked to wait before it calls again, where it should.
constexpr int kRetryAfterSeconds = 10;

// Members in the order of the tutorial's log: iotHubHostName, initialTwin (properties, tags),
// payload. Bytes of texts that are no UTF-8 come out as U+FFFD; never throws.
Reply render_reply(const Decision& decision);

}  // namespace allocd
