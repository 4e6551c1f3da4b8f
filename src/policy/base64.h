// Base64 as RFC 4648, section 4, has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace allocd {

// The bytes; nothing where `text` is no base64 or its padding is missing. White space does not
// count.
std::optional<std::string> from_base64(std::string_view text);

// In one line, with padding. Up to 1 GiB.
std::string to_base64(std::string_view bytes);

}  // namespace allocd
