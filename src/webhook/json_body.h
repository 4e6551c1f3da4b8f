// The text of a webhook call as JSON, so strictly that no two readers can see two different
// requests.
#pragma once

#include <string_view>
#include <variant>

#include "policy/allocation_request.h"

namespace allocd {

// The one JSON value that `body` is. Refused: what is not JSON or not UTF-8, nesting beyond
// kMaxRequestDepth, numbers that cannot be held, and a member that stands twice; only in
// `deviceRuntimeContext.payload`, which the device wrote, the last one counts. The time it takes
// grows with the length alone, whatever names the members have.
std::variant<Json, BadRequest> parse_json_body(std::string_view body);

}  // namespace allocd
