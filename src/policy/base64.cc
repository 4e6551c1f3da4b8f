#include "policy/base64.h"

#include <cstdint>

#include <openssl/evp.h>

namespace allocd {
namespace {

std::optional<std::uint32_t> base64_digit(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t digit = kDigits.find(c);
  if (digit == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(digit);
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  const auto append_bytes = [&](unsigned count, unsigned shift) {
    for (unsigned i = 0; i < count; ++i)
      out += static_cast<char>(static_cast<unsigned char>(bits >> (shift - 8 * i)));
  };
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto digit = base64_digit(c);
    if (!digit || padding > 0) return std::nullopt;
    bits = bits << 6U | *digit;
    if (++digits % 4 == 0) append_bytes(3, 16);
  }
  if ((digits + padding) % 4 != 0 || padding > 2) return std::nullopt;
  if (padding == 1) append_bytes(2, 10);
  if (padding == 2) append_bytes(1, 4);
  return out;
}

std::string to_base64(std::string_view bytes) {
  // Four digits for three bytes, and the zero that EVP_EncodeBlock() ends with.
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int digits = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(digits));
  return out;
}

}  // namespace allocd
