// Patterns with `*` (any text, also none) and `?` (any one character); everything else is literal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/memory_lines.h"

namespace allocd {

// Always held against a whole text. Immutable once built.
class Glob {
 public:
  // With `ignore_case`, ASCII letters match in either case.
  explicit Glob(std::string_view pattern = {}, bool ignore_case = false);

  // A pattern is also built piece by piece: what is appended as text has no special characters.
  void append_pattern(std::string_view pattern);
  void append_text(std::string_view text);

  // Time is bounded by the product of both lengths.
  bool matches(std::string_view text) const;

  // What matching reads.
  void add_to(MemoryLines& out) const { out.add(steps_); }

 private:
  void append_byte(char byte);

  struct Step {
    enum class Kind : char { Byte, AnyCharacter, AnyText } kind = Kind::Byte;
    char byte = 0;  // lower case where case is ignored
  };
  std::vector<Step> steps_;
  bool ignore_case_ = false;
};

}  // namespace allocd
