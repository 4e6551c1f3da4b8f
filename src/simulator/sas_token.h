// The tokens with which devices that have a symmetric key prove who they are.
// https://learn.microsoft.com/azure/iot-dps/how-to-control-access#security-tokens
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

namespace allocd {

struct SasToken {
  std::string signed_text;  // what the device has signed: the resource as it stands in the token,
                            // a line break, and the expiry
  std::string resource;     // percent-decoded
  std::string signature;    // bytes
  std::chrono::sys_seconds expiry;
};

// Why a text is no token, or one that does not count: the end of a sentence for people. Tells
// nothing of keys or signatures.
struct BadToken {
  std::string reason;
};

// `header` is the value of `Authorization`: `SharedAccessSignature` and the fields `sr`, `sig`,
// `se` and `skn`, in any order, with or without percent-encoding. `skn`, where it is there, must be
// `registration`.
std::variant<SasToken, BadToken> parse_sas_token(std::string_view header);

// Whether `token` was signed with `key` (bytes). In constant time for any signature.
bool is_signed_with(const SasToken& token, std::string_view key);

// Such a token as a device makes it, for `key` (bytes).
std::string make_sas_token(std::string_view resource, std::string_view key,
                           std::chrono::sys_seconds expiry);

}  // namespace allocd
