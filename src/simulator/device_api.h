// The REST API of DPS that devices speak: its paths, bodies and errors.
// https://learn.microsoft.com/rest/api/iot-dps/device/runtime-registration
#pragma once

#include <string>

#include "http/server.h"
#include "simulator/local_dps.h"

namespace allocd {

// Answers requests for the service with that ID scope:
//   PUT  /{idScope}/registrations/{registrationId}/register
//   GET  /{idScope}/registrations/{registrationId}/operations/{operationId}
//   POST /{idScope}/registrations/{registrationId}
// with any `api-version`. `scheme`, `https` say, is what devices speak. `dps` must outlive it.
HttpHandler device_api(LocalDps& dps, std::string id_scope, std::string scheme);

}  // namespace allocd
