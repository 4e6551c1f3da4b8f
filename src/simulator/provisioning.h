// What becomes of a device and its data when it is given a hub.
// https://learn.microsoft.com/azure/iot-dps/concepts-device-reprovision
#pragma once

#include <optional>
#include <string_view>

#include "simulator/allocation.h"
#include "simulator/enrollments.h"
#include "simulator/registration.h"

namespace allocd {

struct Provisioned {
  HubDevice device;
  std::string_view substatus;       // a literal, as devices are told
  bool takes_initial_twin = false;  // otherwise the device keeps its twin
};

// `before`: where it was. Without a reprovisioning policy that of DPS counts, to migrate its data.
// `api_version` is the device's; those before 2019-04-15 know no word for one that stays.
Provisioned provision(const std::optional<HubDevice>& before, const Enrollment& enrollment,
                      const RegisteringDevice& device, const Allocated& allocated,
                      std::string_view api_version);

}  // namespace allocd
