#include "webhook/device_key.h"

#include <array>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "policy/base64.h"

namespace allocd {

std::optional<std::string> device_key(std::string_view group_key,
                                      std::string_view registration_id) {
  const std::optional<std::string> key = from_base64(group_key);
  if (!key || key->empty()) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()),
           reinterpret_cast<const unsigned char*>(registration_id.data()), registration_id.size(),
           code.data(), &size) == nullptr)
    throw std::runtime_error("HMAC-SHA256 is not available");
  return to_base64({reinterpret_cast<const char*>(code.data()), size});
}

}  // namespace allocd
