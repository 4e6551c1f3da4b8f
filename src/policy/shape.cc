#include "policy/shape.h"

#include <algorithm>
#include <array>
#include <bit>

namespace allocd {
namespace {

constexpr double kUsualCharacters = 38;  // of IDs: letters, digits, and some between them

std::size_t sum(std::size_t a, std::size_t b) {
  return a > PatternNode::kUnbounded - b ? PatternNode::kUnbounded : a + b;
}

std::size_t product(std::size_t a, std::size_t b) {
  return b != 0 && a > PatternNode::kUnbounded / b ? PatternNode::kUnbounded : a * b;
}

// Whether all characters are known: those behind them follow at a known place.
bool is_whole(const Shape& shape, const std::vector<Characters>& known) {
  return shape.least == shape.most && known.size() == shape.least;
}

std::vector<Characters> joined(const Shape& first, std::vector<Characters> known,
                               const std::vector<Characters>& next) {
  if (is_whole(first, known)) known.insert(known.end(), next.begin(), next.end());
  if (known.size() > Shape::kDepth) known.resize(Shape::kDepth);
  return known;
}

Shape then(const Shape& a, const Shape& b) {
  return {sum(a.least, b.least), sum(a.most, b.most), joined(a, a.front, b.front),
          joined(b, b.back, a.back)};
}

void widen(std::vector<Characters>& known, const std::vector<Characters>& other) {
  known.resize(std::min(known.size(), other.size()));
  for (std::size_t i = 0; i < known.size(); ++i) known[i] |= other[i];
}

Shape either(Shape a, const Shape& b) {
  a.least = std::min(a.least, b.least);
  a.most = std::max(a.most, b.most);
  widen(a.front, b.front);
  widen(a.back, b.back);
  return a;
}

Shape repeated(const Shape& part, std::size_t least, std::size_t most) {
  Shape out{0, 0, {}, {}};
  for (std::size_t copy = 0; copy < std::min(least, Shape::kDepth); ++copy) out = then(out, part);
  // Further copies change nothing about the first and the last ones.
  out.least = product(part.least, least);
  out.most = product(part.most, most);
  return out;
}

}  // namespace

double Shape::share() const {
  double out = 1;
  for (const auto* known : {&front, &back})
    for (const Characters& characters : *known)
      out *= std::min(1.0, static_cast<double>(characters.count()) / kUsualCharacters);
  return out;
}

Shape shape_of(const PatternNode& pattern) {
  switch (pattern.kind) {
    case PatternNode::Kind::Empty: return {0, 0, {}, {}};
    case PatternNode::Kind::OneOf: return {1, 1, {pattern.characters}, {pattern.characters}};
    case PatternNode::Kind::AnyCharacter: return {1, 4, {}, {}};
    case PatternNode::Kind::Sequence: {
      Shape out{0, 0, {}, {}};
      for (const PatternNode& part : pattern.parts) out = then(out, shape_of(part));
      return out;
    }
    case PatternNode::Kind::Choice: {
      Shape out = shape_of(pattern.parts.front());
      for (std::size_t i = 1; i < pattern.parts.size(); ++i)
        out = either(std::move(out), shape_of(pattern.parts[i]));
      return out;
    }
    case PatternNode::Kind::Repeat:
      return repeated(shape_of(pattern.parts.front()), pattern.least, pattern.most);
  }
  return {};
}

ShapeTable::ShapeTable(const std::vector<Entry>& entries) : words_((entries.size() + 63) / 64) {
  rows_.resize((kPlaces * kBytes + kLengths) * words_);
  const auto allow = [this](std::size_t row, std::size_t entry) {
    rows_[row + entry / 64] |= std::uint64_t{1} << (entry % 64);
  };
  for (std::size_t entry = 0; entry < entries.size(); ++entry) {
    const Shape& shape = entries[entry].shape;
    rules_.push_back(entries[entry].rule);
    for (std::size_t place = 0; place < kPlaces; ++place) {
      const auto& known = place < Shape::kDepth ? shape.front : shape.back;
      const std::size_t at = place % Shape::kDepth;
      for (std::size_t byte = 0; byte < kBytes; ++byte)
        if (at >= known.size() || (byte < known[at].size() && known[at][byte]))
          allow((place * kBytes + byte) * words_, entry);
    }
    for (std::size_t length = 0; length < kLengths; ++length)
      if (length + 1 == kLengths ? shape.most >= length
                                 : shape.least <= length && length <= shape.most)
        allow(row_of_length(length), entry);
  }
}

std::size_t ShapeTable::row(std::size_t place, unsigned char byte) const {
  return (place * kBytes + std::min<std::size_t>(byte, kBytes - 1)) * words_;
}

std::size_t ShapeTable::row_of_length(std::size_t length) const {
  return (kPlaces * kBytes + std::min(length, kLengths - 1)) * words_;
}

void ShapeTable::find(std::string_view text, std::vector<std::uint32_t>& rules) const {
  std::array<std::size_t, kPlaces + 1> wanted{};
  std::size_t count = 0;
  wanted[count++] = row_of_length(text.size());
  for (std::size_t i = 0; i < std::min(text.size(), Shape::kDepth); ++i) {
    wanted[count++] = row(i, static_cast<unsigned char>(text[i]));
    wanted[count++] = row(Shape::kDepth + i, static_cast<unsigned char>(text[text.size() - 1 - i]));
  }
  for (std::size_t word = 0; word < words_; ++word) {
    std::uint64_t bits = ~std::uint64_t{0};
    for (std::size_t i = 0; i < count; ++i) bits &= rows_[wanted[i] + word];
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t rule =
          rules_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
      if (rules.empty() || rules.back() != rule) rules.push_back(rule);
    }
  }
}

std::size_t ShapeTable::bytes() const {
  return rows_.capacity() * sizeof(std::uint64_t) + rules_.capacity() * sizeof(std::uint32_t);
}

}  // namespace allocd
