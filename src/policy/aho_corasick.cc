#include "policy/aho_corasick.h"

namespace allocd {
namespace {

// A state that only one text leads to is its last from this depth on.
constexpr std::size_t kShallow = 4;

// Texts [first, end) begin with what leads to a state.
struct Range {
  std::size_t first;
  std::size_t end;
  std::size_t depth;
};

}  // namespace

AhoCorasick::AhoCorasick(const std::vector<std::string_view>& texts) {
  if (texts.empty()) return;
  std::size_t length = 0;
  for (const std::string_view text : texts) length += text.size();
  pool_.reserve(length);
  texts_.reserve(texts.size());
  for (const std::string_view text : texts) {
    texts_.push_back(
        {static_cast<std::uint32_t>(pool_.size()), static_cast<std::uint32_t>(text.size()), 0});
    pool_ += text;
  }

  std::vector<Range> ranges{{0, texts.size(), 0}};
  states_.emplace_back();
  bytes_.push_back(0);
  for (std::uint32_t state = 0; state < ranges.size(); ++state) {
    Range range = ranges[state];
    states_[state].children = static_cast<std::uint32_t>(ranges.size());
    const auto recognise = [&](std::size_t number) {
      states_[state].number = static_cast<std::uint32_t>(number);
      texts_[number].depth = static_cast<std::uint32_t>(range.depth);
    };
    if (texts[range.first].size() == range.depth) {
      recognise(range.first++);
    } else if (range.end - range.first == 1 && range.depth >= kShallow) {
      recognise(range.first++);
    }
    while (range.first < range.end) {
      const char byte = texts[range.first][range.depth];
      Range part{range.first, range.first, range.depth + 1};
      while (part.end < range.end && texts[part.end][range.depth] == byte) ++part.end;
      range.first = part.end;
      const auto number = static_cast<std::uint32_t>(ranges.size());
      ranges.push_back(part);
      bytes_.push_back(static_cast<unsigned char>(byte));
      State next;
      if (state == kRoot) {
        first_[static_cast<unsigned char>(byte)] = number;
      } else {
        // Shallower states, which the suffixes are, have their children already.
        next.suffix = step(states_[state].suffix, static_cast<unsigned char>(byte));
      }
      states_.push_back(next);
    }
    // A state's own text is known by now, and so are those of its suffixes.
    const std::uint32_t suffix = states_[state].suffix;
    states_[state].shorter = states_[suffix].number != kNone ? suffix : states_[suffix].shorter;
  }
  states_.emplace_back().children = static_cast<std::uint32_t>(ranges.size());
  states_.shrink_to_fit();
  bytes_.shrink_to_fit();
}

std::size_t AhoCorasick::bytes() const {
  return states_.capacity() * sizeof(State) + bytes_.capacity() + texts_.capacity() * sizeof(Text) +
         pool_.capacity() + sizeof first_;
}

}  // namespace allocd
