#include "policy/share.h"

#include "policy/stable_hash.h"

namespace allocd {
namespace {

constexpr std::uint32_t kPercent = Share::kWhole / 100;
constexpr std::size_t kMostDecimals = 4;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::uint32_t to_number(std::string_view digits) {
  std::uint32_t out = 0;
  for (const char c : digits) out = out * 10 + static_cast<std::uint32_t>(c - '0');
  return out;
}

}  // namespace

std::optional<Share> Share::parse(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  if (text.ends_with(' ')) text.remove_suffix(1);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  if (!is_digits(whole) || whole.size() > 3) return std::nullopt;
  Share out{to_number(whole) * kPercent};
  if (dot != std::string_view::npos) {
    std::string decimals(text.substr(dot + 1));
    if (!is_digits(decimals) || decimals.size() > kMostDecimals) return std::nullopt;
    decimals.resize(kMostDecimals, '0');
    out.millionths += to_number(decimals);
  }
  if (out.millionths > kWhole) return std::nullopt;
  return out;
}

std::uint32_t rollout_position(std::string_view rule, std::string_view registration_id) {
  StableHash hash;
  hash.append(rule);
  hash.append('\0');
  hash.append_lower(registration_id);
  return static_cast<std::uint32_t>((hash.value() >> 32U) * Share::kWhole >> 32U);
}

std::string as_percentage(std::uint32_t millionths) {
  std::string out = std::to_string(millionths / kPercent);
  if (const std::uint32_t rest = millionths % kPercent; rest != 0) {
    const std::string decimals = std::to_string(kPercent + rest).substr(1);
    out += '.' + decimals.substr(0, decimals.find_last_not_of('0') + 1);
  }
  return out + " %";
}

}  // namespace allocd
