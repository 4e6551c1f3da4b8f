// One recorded value in, the body that DPS sent out.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace allocd {

// A value without a request in it, and why: the end of a sentence for people.
struct NoRequest {
  std::string_view reason;
};

// The body of the request that was recorded as `value`: either `value` itself, as DPS sends it, or,
// of a record of the decision log, its member `request` (where that is a text, the body is what it
// says). Whether the body is a good one is for answer() to tell. Only the second alternative owns
// its text, the first is a piece of `value`.
std::variant<std::string_view, std::string, NoRequest> recorded_request(std::string_view value);

}  // namespace allocd
