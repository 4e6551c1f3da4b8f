// Where two JSON values differ.
#pragma once

#include <string>
#include <vector>

#include "policy/located_value.h"

namespace allocd {

// A place where two values differ; null pointers where one of them has nothing there.
struct JsonChange {
  std::string place;
  const Json* before = nullptr;
  const Json* after = nullptr;
};

// Each of them, below the name `what`. Valid as long as the values. The order of members does not
// count, and `3` equals `3.0`; JSON null as a whole is nothing.
std::vector<JsonChange> json_changes(const Json& before, const Json& after,
                                     const std::string& what);

// A value as one short line; "nothing" for the null pointer.
std::string json_as_line(const Json* value);

// A line for each place, `properties.desired.state: expected "on", got "off"`, below the name
// `what`; none where they are equal.
std::vector<std::string> json_difference(const Json& expected, const Json& got,
                                         const std::string& what);

}  // namespace allocd
