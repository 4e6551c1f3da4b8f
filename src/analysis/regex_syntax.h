// Regular expressions as trees, for reasoning about what they match among registration IDs.
// The part of RE2's syntax that is read here: https://github.com/google/re2/wiki/Syntax
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analysis/id_alphabet.h"

namespace allocd {

struct RegexTree {
  enum class Kind {
    Symbols,  // any one of `symbols`
    Begin,    // nothing, at the start of the text
    End,      // nothing, at its end
    All,      // the parts one after the other; without parts: nothing
    Any,      // one of the parts
    Repeat    // the only part, `min` to `max` times
  };
  static constexpr int kNoMax = -1;

  Kind kind = Kind::All;
  SymbolSet symbols{};
  std::vector<RegexTree> parts{};
  int min = 0;
  int max = kNoMax;
};

// Why something is not analysed, in words: "the pattern has `\b`".
struct NotAnalysed {
  std::string reason;
};

// Reads a pattern that RE2 takes. The tree matches a valid registration ID exactly where RE2 does;
// letters that no valid ID has are left out of it. Nesting is bounded.
std::variant<RegexTree, NotAnalysed> parse_regex(std::string_view pattern, bool ignore_case);

}  // namespace allocd
