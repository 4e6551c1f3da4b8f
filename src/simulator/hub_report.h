// What the hubs hold in the end, for tests of whole systems.
#pragma once

#include <string>
#include <vector>

#include "simulator/registration.h"

namespace allocd {

// `{"hubs":[{"hub","devices":[{"deviceId","registrationId","twin"}]}],
//   "notAssigned":[{"registrationId","status","errorCode","errorMessage"}]}`:
// the linked hubs first, in their order, empty ones too; and the devices whose last registration
// did not end well, which may be on a hub nevertheless.
Json hub_report(const std::vector<Registration>& registrations,
                const std::vector<std::string>& linked_hubs);

}  // namespace allocd
