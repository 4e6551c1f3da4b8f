// Regular expressions and globs taken apart: what texts they match at most, and where it is known
// for sure, what texts they match.
#pragma once

#include <bitset>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace allocd {

// ASCII characters.
using Characters = std::bitset<128>;

// Describes at least every text that the pattern matches. Where all its nodes are exact, a text of
// ASCII that it describes is one that the pattern matches, too.
struct PatternNode {
  enum class Kind {
    Empty,         // also what looks at a place and takes nothing: `^`, `\b`
    OneOf,         // one of `characters`
    AnyCharacter,  // one character, whichever; where it is exact, one of `characters` or none of
                   // ASCII
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
  bool exact = true;            // this node; its parts may not be
  std::string_view group = {};  // the name of the group that it is
};

enum class Letters { Folded, AsWritten };

// Of a pattern that RE2 accepts; groups' names are pieces of it. With Letters::Folded, texts are
// described with their letters folded (see folded_text.h), whatever the pattern says about case.
// Nothing where it holds what is not known here.
std::optional<PatternNode> parse_regex(std::string_view pattern, Letters letters = Letters::Folded);

// Letters folded.
PatternNode parse_glob(std::string_view pattern);

}  // namespace allocd
