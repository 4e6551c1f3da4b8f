// The code by which one who shares a key knows that a text comes from another who has it
// (RFC 2104).
#pragma once

#include <string>
#include <string_view>

namespace allocd {

// 32 bytes. `key` is bytes, too.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace allocd
