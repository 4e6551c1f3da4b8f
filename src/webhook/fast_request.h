// Reads a well-formed request straight from its body: only what the rules look at, no copy of the
// rest. The quick way beside parse_request(), which has the last word on everything unusual.
#pragma once

#include <optional>
#include <string_view>

#include "policy/field_table.h"
#include "policy/request_values.h"

namespace allocd {

// The values of `fields` in the request, or nothing: where the body is no request, has a member
// twice or in a wrong type, or anything else that is better judged by parse_request(). What comes
// back is what parse_request() and values_of() give for the same body. It is valid until the next
// call on the same thread, which owns a parser of its own.
std::optional<RequestValues> read_fast(std::string_view body, const FieldTable& fields);

}  // namespace allocd
