// What came of devices that `allocd simulate` registered: for people, or for scripts.
#pragma once

#include <chrono>
#include <iosfwd>
#include <vector>

#include "simulator/device_run.h"

namespace allocd {

// A device as the tutorial's sample prints it, with its initial twin and payload, or why it has no
// hub.
void print_device(const DeviceOutcome& outcome, std::ostream& out);

// How many are on which hub, how many failed and why, how long it took.
void print_summary(const std::vector<DeviceOutcome>& outcomes,
                   std::chrono::steady_clock::duration took, std::ostream& out);

// `{"devices":[{"registrationId","status","assignedHub","deviceId","substatus","errorCode",
//   "errorMessage","initialTwin","payload","millis"}],
//   "summary":{"devices","assigned","failed","seconds","hubs":{hub: count},"errors":{code: count},
//   "latencyMillis":{"p50","p90","p99","max"}}}`; members that a device does not have are left out.
Json outcomes_json(const std::vector<DeviceOutcome>& outcomes,
                   std::chrono::steady_clock::duration took);

}  // namespace allocd
