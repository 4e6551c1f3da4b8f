// Mistakes as JSON, for scripts.
#pragma once

#include <nlohmann/json.hpp>

#include "diagnostics/diagnostic.h"

namespace allocd {

// `[{"severity", "code", "file", "line", "column", "message", "help"}]`, in the order of sorted();
// null where there is nothing to say. Bytes that are no UTF-8 are for dump() to replace.
nlohmann::ordered_json diagnostics_list(const Diagnostics& diagnostics);

}  // namespace allocd
