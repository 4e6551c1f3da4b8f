// Regular expressions and globs taken apart, as far as the rule index wants to know them.
#pragma once

#include <bitset>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace allocd {

// ASCII characters, letters in lower case.
using Characters = std::bitset<128>;

// Describes at least every text that the pattern matches, letters folded (see folded_text.h).
struct PatternNode {
  enum class Kind {
    Empty,         // also what looks at a place and takes nothing: `^`, `\b`
    OneOf,         // one of `characters`
    AnyCharacter,  // one character, whichever
    Sequence,
    Choice,
    Repeat  // of the one part
  };
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  Kind kind = Kind::Empty;
  Characters characters{};
  std::vector<PatternNode> parts{};
  std::size_t least = 0;  // how often a part is repeated
  std::size_t most = 0;
};

// Of a pattern that RE2 accepts. Nothing where it holds what is not known here.
std::optional<PatternNode> parse_regex(std::string_view pattern);

PatternNode parse_glob(std::string_view pattern);

}  // namespace allocd
