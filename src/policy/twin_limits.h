// What IoT Hub accepts in a device twin.
// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-device-twins
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "policy/located_value.h"
#include "policy/value.h"

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

// Judges a section of a twin part by part, in the order in which it is written. The section itself
// is at depth 0, what it holds at 1.
class TwinMeter {
 public:
  void open_object(std::size_t depth);
  void add_key(std::string_view key);
  // With all that it holds.
  void add(const Value& value, std::size_t depth);

  // What is wrong with the section (`tags`, or `properties.desired`, as `name` says), as one
  // sentence without a period, or nothing: the first part that is wrong, or else the whole.
  std::optional<std::string> violation(std::string_view name, std::size_t max_bytes) const;

 private:
  void judge(std::optional<std::string> violation);

  std::size_t bytes_ = 0;
  std::optional<std::string> first_;
};

// The same for a section as a whole. `section` is an object.
std::optional<std::string> twin_violation(const Json& section, std::string_view name,
                                          std::size_t max_bytes);

// The same for what an author wrote, each mistake at its place [twin-limit]. Texts that hold a
// `${..}` are not judged before they are filled in.
void check_twin(const LocatedValue& section, std::string_view name, std::size_t max_bytes,
                Diagnostics& diagnostics);

}  // namespace allocd
