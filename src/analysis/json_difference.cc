#include "analysis/json_difference.h"

#include <algorithm>
#include <cstddef>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxValueBytes = 400;

std::string shown(const Json* value) {
  if (value == nullptr) return "nothing";
  return printable(value->dump(-1, ' ', false, Json::error_handler_t::replace), kMaxValueBytes);
}

class Difference {
 public:
  void compare(const Json* expected, const Json* got, const std::string& place) {
    if (expected == nullptr && got == nullptr) return;
    const bool both = expected != nullptr && got != nullptr;
    if (both && expected->is_object() && got->is_object()) return members(*expected, *got, place);
    if (both && expected->is_array() && got->is_array()) return items(*expected, *got, place);
    if (!both || *expected != *got)
      lines_.push_back(place + ": expected " + shown(expected) + ", got " + shown(got));
  }

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  void members(const Json& expected, const Json& got, const std::string& place) {
    for (const auto& [key, value] : expected.items()) {
      const auto there = got.find(key);
      compare(&value, there != got.end() ? &*there : nullptr, place + "." + printable(key));
    }
    for (const auto& [key, value] : got.items())
      if (!expected.contains(key)) compare(nullptr, &value, place + "." + printable(key));
  }

  void items(const Json& expected, const Json& got, const std::string& place) {
    for (std::size_t i = 0; i < std::max(expected.size(), got.size()); ++i)
      compare(i < expected.size() ? &expected[i] : nullptr, i < got.size() ? &got[i] : nullptr,
              place + "." + std::to_string(i));
  }

  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> json_difference(const Json& expected, const Json& got,
                                         const std::string& what) {
  Difference difference;
  difference.compare(expected.is_null() ? nullptr : &expected, got.is_null() ? nullptr : &got,
                     what);
  return difference.take();
}

}  // namespace allocd
