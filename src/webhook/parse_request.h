// The body of a webhook call in, an AllocationRequest or the reason why it is none out.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "policy/allocation_request.h"

namespace allocd {

// Objects and arrays inside one another that a body may have.
constexpr std::size_t kMaxRequestDepth = 64;

// Reads a request as DPS sends it (UTF-8 JSON; a byte order mark is skipped). Lenient: unknown
// members are kept, optional ones may be missing or null. BadRequest names the member that is
// wrong, and never more of the body than one shortened piece of it.
std::variant<AllocationRequest, BadRequest> parse_request(std::string_view body);

}  // namespace allocd
