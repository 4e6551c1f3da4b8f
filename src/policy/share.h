// A share of the devices, `10%`, and where a device stands in the rollout of a rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace allocd {

struct Share {
  static constexpr std::uint32_t kWhole = 1'000'000;

  // Nothing for what is not a percentage from `0%` to `100%` with at most four decimals.
  static std::optional<Share> parse(std::string_view text);

  // Whether it takes a device that stands there.
  bool takes(std::uint32_t position) const { return position < millionths; }
  bool is_everybody() const { return millionths == kWhole; }

  std::uint32_t millionths = kWhole;
};

// Where a device stands: from 0 to below Share::kWhole, by a hash of both names. Letter case of the
// registration ID does not count. What a share takes, every greater one takes.
std::uint32_t rollout_position(std::string_view rule, std::string_view registration_id);

// Millionths as people write them: "37.2145 %".
std::string as_percentage(std::uint32_t millionths);

}  // namespace allocd
