#include "analysis/id_automaton.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "policy/letter_case.h"

namespace allocd {
namespace {

constexpr IdAutomaton::State kNotMadeYet = IdAutomaton::kTooLarge - 1;

bool is_any_text(const RegexTree& tree) {
  return tree.kind == RegexTree::Kind::Repeat && tree.min == 0 && tree.max == RegexTree::kNoMax &&
         tree.parts[0].kind == RegexTree::Kind::Symbols && tree.parts[0].symbols.all();
}

}  // namespace

std::size_t IdAutomaton::HashOfNodes::operator()(const Nodes& nodes) const {
  std::size_t hash = nodes.size();
  for (const std::uint32_t node : nodes) hash = (hash ^ node) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

IdAutomaton::IdAutomaton(const RegexTree& tree, Extent extent) : any_end_(extent.any_end) {
  const std::uint32_t match = add({Node::Kind::Match, true});
  std::uint32_t first = match;
  // `….*` as a whole is `…` with anything behind it: fewer states, and it is seen when all is in.
  if (tree.kind == RegexTree::Kind::All && !tree.parts.empty() && is_any_text(tree.parts.back())) {
    RegexTree shorter = tree;
    shorter.parts.pop_back();
    any_end_ = true;
    first = add_tree(shorter, match);
  } else {
    first = add_tree(tree, match);
  }
  if (extent.any_start) {
    const std::uint32_t loop = add({Node::Kind::Both, false, first});
    Node any{Node::Kind::Symbols, false, loop};
    any.symbols.set();
    const std::uint32_t skip = add(any);
    if (!too_large_) nodes_[loop].other = skip;
    first = loop;
  }
  if (too_large_) {
    start_ = kTooLarge;
    nodes_.clear();
    return;
  }
  find_groups();
  find_what_leads_on();
  seen_.assign(nodes_.size() * 2, 0);
  for (const bool accepting : {false, true}) {
    states_.emplace_back();
    accepting_.push_back(accepting);
    transitions_.insert(transitions_.end(), groups_, accepting ? kEverything : kDead);
  }
  start_ = state_of({first}, true);
  find_prefix();
}

std::uint32_t IdAutomaton::add(Node node) {
  if (nodes_.size() >= kMaxNodes) {
    too_large_ = true;
    return 0;
  }
  nodes_.push_back(node);
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t IdAutomaton::add_tree(const RegexTree& tree, std::uint32_t next) {
  if (too_large_) return next;
  switch (tree.kind) {
    case RegexTree::Kind::Symbols: {
      Node node{Node::Kind::Symbols, false, next};
      node.symbols = tree.symbols;
      return add(node);
    }
    case RegexTree::Kind::Begin: return add({Node::Kind::Begin, false, next});
    case RegexTree::Kind::End: return add({Node::Kind::End, false, next});
    case RegexTree::Kind::All:
      for (auto part = tree.parts.rbegin(); part != tree.parts.rend(); ++part)
        next = add_tree(*part, next);
      return next;
    case RegexTree::Kind::Any: {
      std::uint32_t out = add_tree(tree.parts.back(), next);
      for (std::size_t i = tree.parts.size() - 1; i-- > 0;) {
        const std::uint32_t part = add_tree(tree.parts[i], next);
        out = add({Node::Kind::Both, false, part, out});
      }
      return out;
    }
    case RegexTree::Kind::Repeat: break;
  }
  const RegexTree& part = tree.parts[0];
  std::uint32_t out = next;
  if (tree.max == RegexTree::kNoMax) {
    out = add({Node::Kind::Both, false, next, next});
    const std::uint32_t again = add_tree(part, out);
    if (!too_large_) nodes_[out].other = again;
  } else {
    // Each further time may be the last.
    for (int i = tree.min; i < tree.max && !too_large_; ++i)
      out = add({Node::Kind::Both, false, next, add_tree(part, out)});
  }
  for (int i = 0; i < tree.min && !too_large_; ++i) out = add_tree(part, out);
  return out;
}

void IdAutomaton::find_groups() {
  std::unordered_set<SymbolSet> sets;
  for (const Node& node : nodes_)
    if (node.kind == Node::Kind::Symbols) sets.insert(node.symbols);
  for (const SymbolSet& set : sets) {
    // What was one group and is told apart by this set becomes two.
    std::map<std::pair<std::uint8_t, bool>, std::uint8_t> numbers;
    for (std::size_t symbol = 0; symbol < kIdSymbols.size(); ++symbol) {
      const auto number = static_cast<std::uint8_t>(numbers.size());
      group_of_[symbol] =
          numbers.try_emplace({group_of_[symbol], set[symbol]}, number).first->second;
    }
    groups_ = numbers.size();
    if (groups_ == kIdSymbols.size()) break;
  }
}

void IdAutomaton::find_what_leads_on() {
  std::vector<Nodes> before(nodes_.size());
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.kind == Node::Kind::Match || (node.kind == Node::Kind::Symbols && node.symbols.none()))
      continue;
    before[node.next].push_back(i);
    if (node.kind == Node::Kind::Both) before[node.other].push_back(i);
  }
  Nodes left = {0};  // the match
  while (!left.empty()) {
    const std::uint32_t at = left.back();
    left.pop_back();
    for (const std::uint32_t i : before[at]) {
      if (nodes_[i].leads_on) continue;
      nodes_[i].leads_on = true;
      left.push_back(i);
    }
  }
}

IdAutomaton::State IdAutomaton::state_of(Nodes nodes, bool at_begin) {
  // Every node twice: reached as it is, and reached through an `$`, which only the end of the text
  // lets through.
  ++walk_;
  Nodes letters;
  bool matches = false;
  bool matches_at_end = false;
  Nodes left;
  const auto visit = [&](std::uint32_t node, bool at_end) {
    std::uint32_t& seen = seen_[node * 2 + (at_end ? 1 : 0)];
    if (seen == walk_ || !nodes_[node].leads_on) return;
    seen = walk_;
    left.push_back(node * 2 + (at_end ? 1 : 0));
  };
  for (const std::uint32_t node : nodes) visit(node, false);
  while (!left.empty()) {
    const std::uint32_t number = left.back() / 2;
    const bool at_end = left.back() % 2 == 1;
    left.pop_back();
    const Node& node = nodes_[number];
    switch (node.kind) {
      case Node::Kind::Symbols:
        if (!at_end) letters.push_back(number);
        break;
      case Node::Kind::Both:
        visit(node.next, at_end);
        visit(node.other, at_end);
        break;
      case Node::Kind::Begin:
        if (at_begin) visit(node.next, at_end);
        break;
      case Node::Kind::End: visit(node.next, true); break;
      case Node::Kind::Match: (at_end ? matches_at_end : matches) = true; break;
    }
  }
  if (matches && any_end_) return kEverything;
  const bool accepting = matches || matches_at_end;
  if (letters.empty() && !accepting) return kDead;
  std::sort(letters.begin(), letters.end());
  Nodes key = letters;
  key.push_back(accepting ? 1 : 0);
  const auto [place, added] = numbers_.try_emplace(std::move(key), kTooLarge);
  if (!added) return place->second;
  if (states_.size() >= kMaxStates) {
    numbers_.erase(place);
    return kTooLarge;
  }
  place->second = static_cast<State>(states_.size());
  states_.push_back(std::move(letters));
  accepting_.push_back(accepting);
  transitions_.insert(transitions_.end(), groups_, kNotMadeYet);
  return place->second;
}

IdAutomaton::State IdAutomaton::next(State state, std::size_t symbol) {
  if (state == kTooLarge) return kTooLarge;
  const std::size_t place = state * groups_ + group_of_[symbol];
  if (transitions_[place] != kNotMadeYet) return transitions_[place];
  Nodes nodes;
  for (const std::uint32_t node : states_[state])
    if (nodes_[node].symbols[symbol]) nodes.push_back(nodes_[node].next);
  const State out = state_of(std::move(nodes), false);
  transitions_[place] = out;
  return out;
}

bool IdAutomaton::accepts(State state) const { return state != kTooLarge && accepting_[state]; }

void IdAutomaton::find_prefix() {
  State state = start_;
  while (state != kTooLarge && !accepting_[state] && prefix_.size() < kMaxIdLength) {
    char letter = '\0';
    State after = kDead;
    for (std::size_t symbol = 0; symbol < kIdSymbols.size(); ++symbol) {
      const State there = next(state, symbol);
      if (there == kDead) continue;
      const char c = lower(kIdSymbols[symbol]);
      if (letter != '\0' && (c != letter || there != after)) return;
      letter = c;
      after = there;
    }
    if (letter == '\0') return;
    prefix_ += letter;
    state = after;
  }
}

}  // namespace allocd
