// Many texts looked for in another one, all at once (Aho and Corasick, 1975).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace allocd {

// Immutable, safe to share between threads. The automaton knows of each text only as much as tells
// it from the others; what follows is compared where that much was found. So it has little more
// states than there are texts, whatever their lengths.
class AhoCorasick {
 public:
  AhoCorasick() = default;
  // `texts`: sorted by their bytes (as unsigned), all different, none empty.
  explicit AhoCorasick(const std::vector<std::string_view>& texts);

  bool empty() const { return texts_.empty(); }
  std::size_t size() const { return texts_.size(); }
  std::size_t bytes() const;

  // Calls `found(number, begin, end)` for every place where a text stands, by its number in the
  // constructor's order. Time grows with `text` and with what is found, not with the texts.
  template <typename Found>
  void find(std::string_view text, Found&& found) const {
    if (texts_.empty()) return;
    std::uint32_t state = kRoot;
    for (std::size_t i = 0; i < text.size(); ++i) {
      state = step(state, static_cast<unsigned char>(text[i]));
      std::uint32_t at = states_[state].number != kNone ? state : states_[state].shorter;
      for (; at != kRoot; at = states_[at].shorter) {
        const Text& known = texts_[states_[at].number];
        const std::size_t begin = i + 1 - known.depth;
        if (text.size() - begin >= known.length &&
            text.substr(i + 1, known.length - known.depth) ==
                std::string_view(pool_).substr(known.offset + known.depth,
                                               known.length - known.depth))
          found(std::size_t{states_[at].number}, begin, begin + known.length);
      }
    }
  }

 private:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  // States are numbered breadth first, so that the children of one are neighbours: they end where
  // those of the next state begin.
  struct State {
    std::uint32_t children = 0;
    std::uint32_t suffix = kRoot;   // the longest suffix of what was read that is a state
    std::uint32_t shorter = kRoot;  // the next one of those with a text of its own
    std::uint32_t number = kNone;   // of the text that is recognised here
  };
  struct Text {
    std::uint32_t offset = 0;  // in the pool
    std::uint32_t length = 0;
    std::uint32_t depth = 0;  // how many bytes of it the automaton knows
  };

  // kRoot where there is none.
  std::uint32_t child(std::uint32_t state, unsigned char byte) const {
    if (state == kRoot) return first_[byte];
    const std::uint32_t end = states_[state + 1].children;
    for (std::uint32_t at = states_[state].children; at < end; ++at)
      if (bytes_[at] == byte) return at;
    return kRoot;
  }

  std::uint32_t step(std::uint32_t state, unsigned char byte) const {
    for (;;) {
      const std::uint32_t next = child(state, byte);
      if (next != kRoot || state == kRoot) return next;
      state = states_[state].suffix;
    }
  }

  std::vector<State> states_;         // and one behind the last
  std::vector<unsigned char> bytes_;  // that lead to a state
  std::array<std::uint32_t, 256> first_{};
  std::vector<Text> texts_;
  std::string pool_;
};

}  // namespace allocd
