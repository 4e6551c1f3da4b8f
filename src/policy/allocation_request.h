// What DPS asks: one AllocationRequest, as values.
// https://learn.microsoft.com/azure/iot-dps/concepts-custom-allocation
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/located_value.h"

namespace allocd {

// A request that is well formed: every member that has a name here has the right type, or is not
// there (JSON null counts as not there). Members without a name here are in `body` as they came.
struct AllocationRequest {
  // deviceRuntimeContext.registrationId, letters as received; may be the empty text.
  std::optional<std::string> registration_id;
  // linkedHubs, host names as received, in DPS's order.
  std::optional<std::vector<std::string>> linked_hubs;
  // The whole request, an object. Objects in `deviceRuntimeContext.payload` have no member twice
  // (the last one counts); the envelope has none twice at all.
  Json body;

  // The enrollment record: enrollmentGroup where there is one, else individualEnrollment, else
  // null.
  const Json* enrollment() const;
};

// A body that is no AllocationRequest, and why: one sentence for the log and the answer.
struct BadRequest {
  std::string reason;
};

// The member of an object, null pointer where `object` is none, has no such member, or holds null.
const Json* member(const Json& object, std::string_view name);

}  // namespace allocd
