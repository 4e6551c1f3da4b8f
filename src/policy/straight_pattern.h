// Regular expressions that need no automaton: of which every character of a text settles at once
// what it is. `oven-[0-9]+`, `(pump|fan)-(?P<site>[a-z]{2})-.*`, `.*-contoso-tstrsd-007`: most of
// what names devices is of this kind. They are compact, and ready the first time they are tried;
// RE2 builds an automaton of each pattern while it matches, in memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/memory_lines.h"
#include "policy/pattern_syntax.h"

namespace allocd {

// Matches as RE2 does, whole texts of ASCII only. Immutable, safe to share between threads.
class StraightPattern {
 public:
  // Of a pattern that RE2 accepts. Nothing where it is not straight, or its syntax not known here.
  static std::optional<StraightPattern> compile(std::string_view pattern, bool ignore_case);

  // Whether the whole text, of ASCII, matches. `groups` then gets the texts of the named groups, in
  // the order of the pattern, where it is not null; all of them take part in every match.
  bool matches(std::string_view text, std::vector<std::optional<std::string_view>>* groups) const;

  // What matching reads, but for itself.
  void add_to(MemoryLines& out) const;

 private:
  class Builder;

  // Follows the one before.
  struct Step {
    enum class Kind : std::uint8_t {
      Text,    // texts_[first, first + count)
      Choice,  // one of `count` texts from texts_[first] on, each behind a byte with its length
      Several  // characters of sets_[first]
    };
    Kind kind = Kind::Text;
    std::uint16_t first = 0;
    std::uint16_t count = 0;
    // Of Several: how many. Where they are not always as many, all that is left but `behind` bytes;
    // or as many as there are in a row, where `behind` is kUnknown.
    std::uint16_t least = 0;
    std::uint16_t most = 0;
    std::uint16_t behind = 0;
  };
  static constexpr std::uint16_t kUnbounded = 0xFFFF;
  static constexpr std::uint16_t kUnknown = 0xFFFF;
  static constexpr std::size_t kMaxSteps = 32;

  // Steps [first, end).
  struct Group {
    std::uint16_t first = 0;
    std::uint16_t end = 0;
  };

  // How many bytes of `rest` the step takes, where it fits.
  std::optional<std::size_t> take(const Step& step, std::string_view rest) const;
  std::optional<std::size_t> take_several(const Step& step, std::string_view rest) const;

  std::vector<Step> steps_;
  std::string texts_;  // lower case where case is ignored
  std::vector<Characters> sets_;
  std::vector<Group> groups_;
  bool ignore_case_ = false;
};

}  // namespace allocd
