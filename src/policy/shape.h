// The shape of the texts that a pattern matches: how long they are, and what their first and last
// characters may be. For patterns that need no literal text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/pattern_syntax.h"

namespace allocd {

struct Shape {
  static constexpr std::size_t kDepth = 4;

  // Bytes of a folded text.
  std::size_t least = 0;
  std::size_t most = PatternNode::kUnbounded;
  std::vector<Characters> front;  // of the first ones, at most kDepth
  std::vector<Characters> back;   // of the last ones, the last one first
  // Roughly how many of the texts that turn up have it, 0 to 1.
  double share() const;
};

// Every text that the pattern matches as a whole has the shape.
Shape shape_of(const PatternNode& pattern);

// Shapes side by side, all of which are held against a text at once. Immutable.
class ShapeTable {
 public:
  struct Entry {
    Shape shape;
    std::uint32_t rule;
  };
  ShapeTable() = default;
  // `entries` in the order of their rules; a rule may have several.
  explicit ShapeTable(const std::vector<Entry>& entries);

  bool empty() const { return rules_.empty(); }
  // Appends the rules with a shape that the folded text has, in order.
  void find(std::string_view text, std::vector<std::uint32_t>& rules) const;
  std::size_t bytes() const;

 private:
  using Words = std::vector<std::uint64_t>;  // a bit for each entry

  // Where the bits of those begin that allow this byte at the place, front ones first.
  std::size_t row(std::size_t place, unsigned char byte) const;
  std::size_t row_of_length(std::size_t length) const;

  static constexpr std::size_t kPlaces = 2 * Shape::kDepth;
  static constexpr std::size_t kBytes = 129;    // ASCII, and all others
  static constexpr std::size_t kLengths = 130;  // all that IDs have, and all others

  std::vector<std::uint32_t> rules_;
  std::size_t words_ = 0;  // of a row
  Words rows_;
};

}  // namespace allocd
