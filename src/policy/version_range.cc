#include "policy/version_range.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <utility>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits, with single dots between them.
bool is_version(std::string_view text) {
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' ? text[i - 1] == '.' : !is_digit(text[i])) return false;
  }
  return true;
}

// Takes the part before the next dot off `version`; "" (which is 0) when none is left.
std::string_view take_part(std::string_view& version) {
  const std::size_t dot = version.find('.');
  std::string_view part = version.substr(0, dot);
  version.remove_prefix(dot == std::string_view::npos ? version.size() : dot + 1);
  part.remove_prefix(std::min(part.find_first_not_of('0'), part.size()));
  return part;
}

// Parts are digits without leading zeros, so that the longer one is the larger number, whatever
// its length.
std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const std::string_view left = take_part(a);
    const std::string_view right = take_part(b);
    if (left.size() != right.size()) return left.size() <=> right.size();
    if (const int order = left.compare(right); order != 0) return order <=> 0;
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::variant<VersionRange, VersionError> VersionRange::parse(std::string_view text) {
  // Longer signs first, so that `>=` is not read as `>`.
  static constexpr std::array<std::pair<std::string_view, Comparison>, 7> kSigns = {
      {{">=", Comparison::GreaterOrEqual},
       {"<=", Comparison::LessOrEqual},
       {"!=", Comparison::NotEqual},
       {"==", Comparison::Equal},
       {">", Comparison::Greater},
       {"<", Comparison::Less},
       {"=", Comparison::Equal}}};
  VersionRange range;
  const auto skip_spaces = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  };
  for (skip_spaces(); !text.empty(); skip_spaces()) {
    Bound bound;
    if (text.starts_with("=>") || text.starts_with("=<"))
      return VersionError{"unknown comparison " + in_backticks(text.substr(0, 2)),
                          "did you mean `" + std::string(text.substr(1, 1)) + "=`?"};
    std::string_view before = text;
    for (const auto& [sign, comparison] : kSigns) {
      if (!text.starts_with(sign)) continue;
      bound.comparison = comparison;
      text.remove_prefix(sign.size());
      break;
    }
    skip_spaces();
    const std::string_view version = text.substr(0, text.find(' '));
    if (version.empty())
      return VersionError{"no version behind " + in_backticks(before),
                          "bounds look like `>=12.0.2 <13`"};
    if (!is_version(version))
      return VersionError{"bad version " + in_backticks(version),
                          "bounds look like `>=12.0.2 <13`: a comparison, then numbers with dots, "
                          "separated by spaces"};
    bound.version = version;
    text.remove_prefix(version.size());
    range.bounds_.push_back(std::move(bound));
  }
  if (range.bounds_.empty())
    return VersionError{"empty version range", "bounds look like `>=12.0.2 <13`"};
  return range;
}

bool VersionRange::contains(std::string_view version) const {
  if (!is_version(version)) return false;
  return std::all_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
    const auto order = compare_versions(version, bound.version);
    switch (bound.comparison) {
      case Comparison::Less: return order < 0;
      case Comparison::LessOrEqual: return order <= 0;
      case Comparison::Equal: return order == 0;
      case Comparison::NotEqual: return order != 0;
      case Comparison::GreaterOrEqual: return order >= 0;
      case Comparison::Greater: return order > 0;
    }
    return false;
  });
}

}  // namespace allocd
