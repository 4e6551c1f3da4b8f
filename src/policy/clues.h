// Clues: what a request has to show for a matcher to hold, such that it can be looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/matcher.h"
#include "policy/shape.h"

namespace allocd {

struct Clue {
  enum class Kind {
    Value,    // the field's value has the hash
    Literal,  // the field is a text, and `literal` stands in it, letters folded
    Shaped,   // the field is a text, and has the shape, letters folded
    Present   // the field has a value
  };
  Kind kind = Kind::Present;
  std::size_t slot = 0;
  std::uint64_t hash = 0;
  std::string literal{};
  bool at_start = false;  // where the literal stands
  bool at_end = false;
  Shape shape{};
};

// Where a matcher holds, at least one of them is there.
using Clues = std::vector<Clue>;

// All that a matcher is known to need, each of which is there where it holds. Nothing where it may
// hold without any clue.
std::vector<Clues> clues_of(const Matcher& matcher);

// Equal values (see equal() in value.h) have the same hash, whether or not letter case counts.
// `folded` is the value's text with letters folded, where it is a text.
std::uint64_t hash_of(const Value& value, std::string_view folded);

}  // namespace allocd
