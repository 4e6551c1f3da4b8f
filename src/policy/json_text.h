// Writing JSON: compact, and byte for byte what nlohmann's dump() makes of the same values. Bytes
// of texts that are no UTF-8 come out as U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "policy/located_value.h"

namespace allocd {

// Both write at the end of `out`. A text gets its quotes and escapes.
void append_json_text(std::string& out, std::string_view text);
void append_json(std::string& out, const Json& json);

}  // namespace allocd
