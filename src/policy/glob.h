// Patterns with `*` (any text, also none) and `?` (any one character); everything else is literal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace allocd {

// Always held against a whole text. Immutable once built.
class Glob {
 public:
  Glob() = default;
  // With `ignore_case`, ASCII letters match in either case.
  Glob(std::string_view pattern, bool ignore_case);

  // A pattern is also built piece by piece: what is appended as text has no special characters.
  void append_pattern(std::string_view pattern);
  void append_text(std::string_view text);
  void set_ignore_case(bool ignore_case) { ignore_case_ = ignore_case; }

  // Time is bounded by the product of both lengths.
  bool matches(std::string_view text) const;

 private:
  struct Step {
    enum class Kind { Byte, AnyCharacter, AnyText } kind = Kind::Byte;
    char byte = 0;
  };
  std::vector<Step> steps_;
  bool ignore_case_ = false;
};

}  // namespace allocd
