// Requests as people write them in `examples`: a registration ID, or a map of what DPS would send.
#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "policy/located_value.h"
#include "policy/sample_request.h"

namespace allocd {

// Reports what has not that form: [wrong-type], [missing-key], [unknown-key], [bad-value].
std::optional<SampleRequest> read_sample(const LocatedValue& value, Diagnostics& diagnostics);

}  // namespace allocd
