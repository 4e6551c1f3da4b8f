#include "analysis/json_difference.h"

#include <algorithm>
#include <cstddef>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxValueBytes = 400;

class Difference {
 public:
  void compare(const Json* before, const Json* after, const std::string& place) {
    if (before == nullptr && after == nullptr) return;
    const bool both = before != nullptr && after != nullptr;
    if (both && before->is_object() && after->is_object()) return members(*before, *after, place);
    if (both && before->is_array() && after->is_array()) return items(*before, *after, place);
    if (!both || *before != *after) changes_.push_back({place, before, after});
  }

  std::vector<JsonChange> take() { return std::move(changes_); }

 private:
  void members(const Json& before, const Json& after, const std::string& place) {
    for (const auto& [key, value] : before.items()) {
      const auto there = after.find(key);
      compare(&value, there != after.end() ? &*there : nullptr, place + "." + printable(key));
    }
    for (const auto& [key, value] : after.items())
      if (!before.contains(key)) compare(nullptr, &value, place + "." + printable(key));
  }

  void items(const Json& before, const Json& after, const std::string& place) {
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i)
      compare(i < before.size() ? &before[i] : nullptr, i < after.size() ? &after[i] : nullptr,
              place + "." + std::to_string(i));
  }

  std::vector<JsonChange> changes_;
};

}  // namespace

std::vector<JsonChange> json_changes(const Json& before, const Json& after,
                                     const std::string& what) {
  Difference difference;
  difference.compare(before.is_null() ? nullptr : &before, after.is_null() ? nullptr : &after,
                     what);
  return difference.take();
}

std::string json_as_line(const Json* value) {
  if (value == nullptr) return "nothing";
  return printable(value->dump(-1, ' ', false, Json::error_handler_t::replace), kMaxValueBytes);
}

std::vector<std::string> json_difference(const Json& expected, const Json& got,
                                         const std::string& what) {
  std::vector<std::string> lines;
  for (const JsonChange& change : json_changes(expected, got, what))
    lines.push_back(change.place + ": expected " + json_as_line(change.before) + ", got " +
                    json_as_line(change.after));
  return lines;
}

}  // namespace allocd
