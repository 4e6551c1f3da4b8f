// What a device is told of its registration when that has ended: the service's `registrationState`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "policy/located_value.h"
#include "simulator/allocation.h"
#include "simulator/enrollments.h"
#include "simulator/provisioning.h"

namespace allocd {

struct Assigned {
  Provisioned provisioned;
  std::optional<Json> payload;  // for the device
};
// Its enrollment is.
struct Disabled {};

using Ending = std::variant<Assigned, NotAllocated, Disabled>;

// Members in the service's order. `created`: of the device's first registration, empty where this
// is it.
Json registration_state(const Enrollment& enrollment, const RegisteringDevice& device,
                        const Ending& ending, const std::string& created,
                        std::chrono::system_clock::time_point begun,
                        std::chrono::system_clock::time_point ended);

// "assigned to hub-a.azure-devices.net, deviceId oven-1 (initialAssignment)", "failed, 400207: …".
std::string in_words(const Json& state);

}  // namespace allocd
