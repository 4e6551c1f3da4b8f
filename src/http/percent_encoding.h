// Bytes as they are written in a URL (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace allocd {

// Nothing where a `%` has no two hexadecimal digits behind it. A `+` is a plus.
std::optional<std::string> percent_decoded(std::string_view text);

// All but letters, digits, `-`, `.`, `_` and `~` is encoded.
std::string percent_encoded(std::string_view text);

// The value, as it is written, of the first parameter of that name in a query: `a=1&b=2`.
std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name);

}  // namespace allocd
