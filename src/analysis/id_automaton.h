// A set of registration IDs as an automaton, which is built while it is walked through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/id_alphabet.h"
#include "analysis/regex_syntax.h"

namespace allocd {

// Deterministic: one state after each letter. States are made when they are first reached, so that
// it is for one thread at a time. What is too large says so, and is never cut short.
class IdAutomaton {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = 0;              // no text from here on is in the set
  static constexpr State kEverything = 1;        // every text from here on is
  static constexpr State kTooLarge = ~State{0};  // the bounds are reached: not known

  struct Extent {
    bool any_start = false;  // the tree may match behind other text
    bool any_end = false;    // and before other text
  };

  // The texts that `tree` matches, as a whole but for what `extent` leaves open.
  IdAutomaton(const RegexTree& tree, Extent extent);

  State start() const { return start_; }
  State next(State state, std::size_t symbol);
  bool accepts(State state) const;

  // Symbols of one group lead to the same state from every state.
  std::uint8_t group_of(std::size_t symbol) const { return group_of_[symbol]; }

  // What every text of the set begins with, letters folded; as far as is easily seen.
  const std::string& prefix() const { return prefix_; }

  static constexpr std::size_t kMaxNodes = 100'000;
  static constexpr std::size_t kMaxStates = 4'000;

 private:
  struct Node {
    enum class Kind : std::uint8_t { Symbols, Both, Begin, End, Match } kind = Kind::Match;
    bool leads_on = false;  // to a match
    std::uint32_t next = 0;
    std::uint32_t other = 0;  // of Both
    SymbolSet symbols{};
  };
  using Nodes = std::vector<std::uint32_t>;
  struct HashOfNodes {
    std::size_t operator()(const Nodes& nodes) const;
  };

  std::uint32_t add(Node node);
  // Builds `tree` in front of the node `next`; the node to begin with.
  std::uint32_t add_tree(const RegexTree& tree, std::uint32_t next);
  void find_groups();
  void find_what_leads_on();
  void find_prefix();
  // The state of being at any of `nodes`.
  State state_of(Nodes nodes, bool at_begin);

  std::vector<Node> nodes_;
  bool too_large_ = false;
  bool any_end_ = false;
  State start_ = kDead;
  std::uint8_t group_of_[kIdSymbols.size()] = {};
  std::size_t groups_ = 1;
  std::string prefix_;

  std::vector<Nodes> states_;       // the nodes that take a letter
  std::vector<bool> accepting_;     // by state
  std::vector<State> transitions_;  // by state and group
  std::unordered_map<Nodes, State, HashOfNodes> numbers_;
  std::vector<std::uint32_t> seen_;  // by node: the last walk that came by
  std::uint32_t walk_ = 0;
};

}  // namespace allocd
