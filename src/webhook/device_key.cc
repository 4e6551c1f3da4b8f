#include "webhook/device_key.h"

#include "policy/base64.h"
#include "webhook/hmac_sha256.h"

namespace allocd {

std::optional<std::string> device_key(std::string_view group_key,
                                      std::string_view registration_id) {
  const std::optional<std::string> key = from_base64(group_key);
  if (!key || key->empty()) return std::nullopt;
  return to_base64(hmac_sha256(*key, registration_id));
}

}  // namespace allocd
