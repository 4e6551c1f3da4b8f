// What a scalar without quotes means by the core schema of YAML 1.2 (YAML 1.2.2, section 10.3.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace allocd {

// A number as YAML writes it that JSON cannot hold; `reason` says so in a few words.
struct NumberOutOfRange {
  std::string_view reason;
};

// Nothing, true or false, a number, or the text itself. What fits a signed integer is one; only
// integers above that are unsigned.
using CoreScalar = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                                std::string, NumberOutOfRange>;

CoreScalar core_scalar(std::string_view text);

// `~`, `null` in its three spellings, and nothing at all.
bool is_core_null(std::string_view text);

}  // namespace allocd
