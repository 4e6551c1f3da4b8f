// Requests in few words, out of whole ones.
#pragma once

#include <optional>

#include "policy/sample_request.h"

namespace allocd {

// The request whose body, but for its linked hubs, means the same as this one. Nothing where a
// body has members that only a file of its own can hold.
std::optional<SampleRequest> sample_of(const Json& body);

}  // namespace allocd
