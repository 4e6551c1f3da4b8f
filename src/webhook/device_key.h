// Keys of devices that enroll through a group with symmetric keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace allocd {

// The key that DPS expects of the device, in base64: HMAC-SHA256 of the registration ID under the
// group's key, primary or secondary. Nothing where `group_key` is no base64, or is empty. Letters
// of the ID count as they are written: the device must register with the same ones.
// https://learn.microsoft.com/azure/iot-dps/concepts-symmetric-key-attestation#group-enrollments
std::optional<std::string> device_key(std::string_view group_key, std::string_view registration_id);

}  // namespace allocd
