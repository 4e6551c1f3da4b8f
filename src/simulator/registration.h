// What the local DPS knows of one device, and how devices are told.
// https://learn.microsoft.com/rest/api/iot-dps/device/runtime-registration/register-device
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/located_value.h"

namespace allocd {

// A device as its hub has it.
struct HubDevice {
  std::string hub;
  std::string device_id;
  Json twin = Json::object();  // "tags" and "properties", or empty

  bool operator==(const HubDevice&) const = default;
};

// A plain value. The last registration of a device, and what came of all of them.
struct Registration {
  std::string id;            // as the device wrote it
  std::string operation_id;  // of this registration
  Json state;                // the `registrationState` that the device gets
  // Where it is in the end: a registration that fails leaves it where it was.
  std::optional<HubDevice> on_hub;

  // `assigning`, `assigned`, `failed` or `disabled`.
  std::string_view status() const { return state.at("status").get_ref<const std::string&>(); }
};

// For a file, and back; nothing where the text is none that registration_text() made. One line.
std::string registration_text(const Registration& registration);
std::optional<Registration> read_registration(std::string_view text);

}  // namespace allocd
