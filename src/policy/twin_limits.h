// What IoT Hub accepts in a device twin.
// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-device-twins
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "diagnostics/diagnostic.h"
#include "policy/located_value.h"

namespace allocd {

struct TwinLimits {
  static constexpr std::size_t kTagsBytes = 8 * 1024;
  static constexpr std::size_t kDesiredBytes = 32 * 1024;
  static constexpr std::size_t kKeyBytes = 1024;
  static constexpr std::size_t kTextBytes = 4 * 1024;
  static constexpr std::size_t kDepth = 10;  // objects inside one another
  static constexpr std::int64_t kSmallestInteger = -4503599627370496;
  static constexpr std::int64_t kLargestInteger = 4503599627370495;
};

// What is wrong with a section of a twin (`tags`, or `properties.desired`, as `name` says), as one
// sentence without a period, or nothing. `section` is an object.
std::optional<std::string> twin_violation(const Json& section, std::string_view name,
                                          std::size_t max_bytes);

// The same for what an author wrote, each mistake at its place [twin-limit]. Texts that hold a
// `${..}` are not judged before they are filled in.
void check_twin(const LocatedValue& section, std::string_view name, std::size_t max_bytes,
                Diagnostics& diagnostics);

}  // namespace allocd
