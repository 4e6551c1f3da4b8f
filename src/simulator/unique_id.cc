#include "simulator/unique_id.h"

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string_view>

#include <openssl/rand.h>

namespace allocd {
namespace {

template <std::size_t kBytes>
std::string random_hex() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, kBytes> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1)
    throw std::runtime_error("the machine gives no random numbers");
  std::string out;
  for (const unsigned char byte : bytes) out += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  return out;
}

}  // namespace

std::string new_guid() {
  std::string out = random_hex<16>();
  out[12] = '4';  // a random one
  out[16] = "89ab"[out[16] % 4];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, "-");
  return out;
}

std::string new_operation_id() { return "5." + random_hex<8>() + "." + new_guid(); }

}  // namespace allocd
