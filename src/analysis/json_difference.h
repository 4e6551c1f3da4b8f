// Where two JSON values differ.
#pragma once

#include <string>
#include <vector>

#include "policy/located_value.h"

namespace allocd {

// A line for each place, `properties.desired.state: expected "on", got "off"`, below the name
// `what`; none where they are equal. The order of members does not count, and `3` equals `3.0`.
std::vector<std::string> json_difference(const Json& expected, const Json& got,
                                         const std::string& what);

}  // namespace allocd
