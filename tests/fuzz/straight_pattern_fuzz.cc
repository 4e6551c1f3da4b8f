// A pattern, a line break, and a text: a pattern that needs no automaton matches the same texts as
// RE2 does, with the same groups.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "policy/straight_pattern.h"

namespace {

using namespace allocd;
using Groups = std::vector<std::optional<std::string_view>>;

void expect(bool holds) {
  if (!holds) std::abort();
}

void compare(const StraightPattern& straight, const RE2& re, std::string_view text) {
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
  const bool matches = re.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                                RE2::ANCHOR_BOTH, found.data(), static_cast<int>(found.size()));
  Groups groups;
  expect(straight.matches(text, &groups) == matches);
  if (!matches) return;
  expect(groups.size() == re.CapturingGroupNames().size());
  std::size_t i = 0;
  for (const auto& [number, name] : re.CapturingGroupNames()) {
    const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
    const auto& own = groups[i++];
    expect(own.has_value() && *own == std::string_view(group.data(), group.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 400) return 0;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string pattern = input.substr(0, line);
  std::string text = line == std::string::npos ? "" : input.substr(line + 1);
  for (char& c : text) c = static_cast<char>(static_cast<unsigned char>(c) & 0x7F);
  for (const bool ignore_case : {false, true}) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignore_case);
    const RE2 re(pattern, options);
    // What RE2 does not take is in no rule.
    if (!re.ok()) continue;
    const auto straight = StraightPattern::compile(pattern, ignore_case);
    if (!straight) continue;
    for (std::size_t begin = 0; begin <= text.size() && begin < 8; ++begin)
      for (std::size_t less = 0; begin + less <= text.size() && less < 4; ++less)
        compare(*straight, re, std::string_view(text).substr(begin, text.size() - begin - less));
  }
  return 0;
}
