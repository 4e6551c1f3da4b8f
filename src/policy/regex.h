// Regular expressions, meaning what RE2's documentation says.
// https://github.com/google/re2/wiki/Syntax
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/memory_lines.h"

namespace allocd {

struct RegexError {
  std::string message;   // "missing closing ]"
  std::string fragment;  // the piece of the pattern that is wrong; may be empty
};

// A compiled pattern. Immutable, cheap to copy, safe to share between threads; time to match grows
// linearly with the text.
class Regex {
 public:
  enum class Extent { Whole, Anywhere };

  // What it takes to hold a pattern compiled is bounded; a pattern beyond is an error.
  static std::variant<Regex, RegexError> compile(const std::string& pattern, Extent extent,
                                                 bool ignore_case);

  // Names of its groups `(?P<name>…)`, in the order of the pattern.
  const std::vector<std::string>& group_names() const;

  bool matches(std::string_view text) const;
  // As matches(), and where it does, `groups` gets the texts of the named groups, in their order;
  // a group that took no part is absent. They are pieces of `text`.
  bool matches(std::string_view text, std::vector<std::optional<std::string_view>>& groups) const;

  // What matching reads, as far as it is known here.
  void add_to(MemoryLines& out) const;

 private:
  struct Compiled;

  explicit Regex(std::shared_ptr<const Compiled> compiled);

  std::shared_ptr<const Compiled> compiled_;
};

// The pattern with an empty group at the start of every alternative behind a `|`. It means the
// same, and keeps a parser from merging the first letters of alternatives.
std::string keep_alternatives_apart(std::string_view pattern);

}  // namespace allocd
