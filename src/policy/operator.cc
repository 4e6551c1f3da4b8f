#include <array>
#include <utility>

#include "policy/rule_spec.h"

namespace allocd {

std::string_view operator_name(Operator op) {
  constexpr std::array<std::string_view, 15> kNames = {
      "equals", "in", "matches", "search", "contains", "startsWith", "endsWith", "glob",
      "exists", "gt", "gte",     "lt",     "lte",      "version",    "not"};
  return kNames[static_cast<std::size_t>(op)];
}

}  // namespace allocd
