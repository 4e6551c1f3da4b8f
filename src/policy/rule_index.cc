#include "policy/rule_index.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "policy/clues.h"
#include "policy/folded_text.h"
#include "policy/rule_set.h"

namespace allocd {
namespace {

constexpr std::size_t kSmall = 8;

// Rules in order that are still to be handed out.
struct Rest {
  const std::uint32_t* next;
  const std::uint32_t* end;
};

bool later(const Rest& a, const Rest& b) { return *a.next > *b.next; }

// What one look-up needs, kept for the next one of the same thread.
struct Scratch {
  std::vector<Rest> rests;  // a heap: the lowest rule in front
  std::string folded;
  std::vector<std::uint32_t> shaped;
  std::vector<std::size_t> shaped_ends;
  std::vector<std::uint64_t> seen;  // a bit for each literal that was found; all 0 in between
  std::vector<std::size_t> found;
};

Scratch& scratch() {
  thread_local Scratch out;
  return out;
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  a = (a ^ (b + 0x9E3779B97F4A7C15U)) * 0xBF58476D1CE4E5B9U;
  return a ^ (a >> 29);
}

std::uint64_t identity(const Clue& clue) {
  std::uint64_t out = mixed(clue.slot, static_cast<std::uint64_t>(clue.kind));
  if (clue.kind == Clue::Kind::Value) out = mixed(out, clue.hash);
  if (clue.kind == Clue::Kind::Literal)
    out = mixed(out, std::hash<std::string_view>()(clue.literal));
  return out;
}

// How likely it is that a request shows what it has nothing to do with; only comparisons count.
double likelihood(const Clue& clue) {
  switch (clue.kind) {
    case Clue::Kind::Value: return 1;
    case Clue::Kind::Literal: {
      constexpr double kByLength[] = {64, 32, 8, 4, 3, 2.5};
      const double out = kByLength[std::min<std::size_t>(clue.literal.size(), 5)];
      const double length = static_cast<double>(std::min<std::size_t>(clue.literal.size(), 32));
      return out / (clue.at_start || clue.at_end ? 2 : 1) - length / 64;
    }
    case Clue::Kind::Shaped: return std::max(16.0, 4096 * clue.shape.share());
    case Clue::Kind::Present: return 64;
  }
  return 64;
}

}  // namespace

// Puts rules on shelves.
struct RuleIndex::Filer {
  struct Drawer {
    std::vector<std::uint32_t> present;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> values;
    std::vector<std::tuple<std::string, bool, bool, std::uint32_t>> literals;
    std::vector<ShapeTable::Entry> shapes;
  };

  explicit Filer(RuleIndex& made) : index(made) {}

  // A rule is filed where it meets the fewest others that a request may bring along.
  void file(std::vector<std::vector<Clues>>& clues) {
    std::unordered_map<std::uint64_t, double> rules_with;
    for (const auto& of_rule : clues)
      for (const Clues& any : of_rule)
        for (const Clue& clue : any) ++rules_with[identity(clue)];
    std::vector<std::uint32_t> always;
    for (std::uint32_t rule = 0; rule < clues.size(); ++rule) {
      Clues* best = nullptr;
      double least = 0;
      for (Clues& any : clues[rule]) {
        double cost = 0;
        for (const Clue& clue : any) {
          const double others = clue.kind == Clue::Kind::Shaped ? 1 : rules_with[identity(clue)];
          cost = std::max(cost, others * likelihood(clue));
        }
        if (best != nullptr && cost >= least) continue;
        best = &any;
        least = cost;
      }
      if (best == nullptr) always.push_back(rule);
      if (best != nullptr)
        for (Clue& clue : *best) put(std::move(clue), rule);
      clues[rule] = {};
    }
    index.always_ = list(always);
    for (auto& [slot, drawer] : drawers) index.shelves_.push_back(shelf(slot, drawer));
    index.filed_.shrink_to_fit();
  }

  void put(Clue clue, std::uint32_t rule) {
    Drawer& drawer = drawers[clue.slot];
    switch (clue.kind) {
      case Clue::Kind::Value: drawer.values.emplace_back(clue.hash, rule); break;
      case Clue::Kind::Literal:
        drawer.literals.emplace_back(std::move(clue.literal), clue.at_start, clue.at_end, rule);
        break;
      case Clue::Kind::Shaped: drawer.shapes.push_back({std::move(clue.shape), rule}); break;
      case Clue::Kind::Present: drawer.present.push_back(rule); break;
    }
  }

  List list(const std::vector<std::uint32_t>& rules) {
    if (rules.size() == 1) return {rules.front(), kOneRule};
    const auto first = static_cast<std::uint32_t>(index.filed_.size());
    index.filed_.insert(index.filed_.end(), rules.begin(), rules.end());
    return {first, static_cast<std::uint32_t>(index.filed_.size())};
  }

  Shelf shelf(std::size_t slot, Drawer& drawer) {
    Shelf out;
    out.slot = slot;
    out.present = list(drawer.present);
    out.shapes = ShapeTable(drawer.shapes);
    shelve_values(drawer, out);
    shelve_literals(drawer, out);
    return out;
  }

  void shelve_values(Drawer& drawer, Shelf& out) {
    auto& values = drawer.values;
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    out.values.resize(std::bit_ceil(2 * values.size()));
    std::vector<std::uint32_t> rules;
    for (std::size_t i = 0; i < values.size(); ++i) {
      rules.push_back(values[i].second);
      if (i + 1 < values.size() && values[i + 1].first == values[i].first) continue;
      std::size_t at = values[i].first & (out.values.size() - 1);
      while (out.values[at].rules.end != 0) at = (at + 1) & (out.values.size() - 1);
      out.values[at] = {values[i].first, list(rules)};
      rules.clear();
    }
  }

  void shelve_literals(Drawer& drawer, Shelf& out) {
    auto& literals = drawer.literals;
    std::sort(literals.begin(), literals.end());
    literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
    std::vector<std::string_view> texts;
    std::vector<std::uint32_t> rules;
    for (std::size_t i = 0; i < literals.size(); ++i) {
      const auto& [text, at_start, at_end, rule] = literals[i];
      if (texts.empty() || texts.back() != text) {
        texts.push_back(text);
        out.first_placed.push_back(static_cast<std::uint32_t>(out.placed.size()));
      }
      rules.push_back(rule);
      if (i + 1 < literals.size()) {
        const auto& [next_text, next_start, next_end, next_rule] = literals[i + 1];
        if (next_text == text && next_start == at_start && next_end == at_end) continue;
      }
      out.placed.push_back({at_start, at_end, list(rules)});
      rules.clear();
    }
    out.first_placed.push_back(static_cast<std::uint32_t>(out.placed.size()));
    out.placed.shrink_to_fit();
    out.literals = AhoCorasick(texts);
  }

  RuleIndex& index;
  std::map<std::size_t, Drawer> drawers;
};

RuleIndex::RuleIndex(const std::vector<Rule>& rules)
    : rules_(rules.size()), small_(rules.size() <= kSmall), read_ahead_(rules) {
  if (small_) return;
  std::vector<std::vector<Clues>> clues;
  clues.reserve(rules.size());
  for (const Rule& rule : rules) clues.push_back(clues_of(rule.match));
  Filer(*this).file(clues);
}

std::size_t RuleIndex::bytes() const {
  std::size_t out = sizeof *this + filed_.capacity() * sizeof(std::uint32_t) + read_ahead_.bytes();
  for (const Shelf& shelf : shelves_)
    out += sizeof shelf + shelf.values.capacity() * sizeof(HashedList) + shelf.literals.bytes() +
           shelf.first_placed.capacity() * sizeof(std::uint32_t) +
           shelf.placed.capacity() * sizeof(PlacedList) + shelf.shapes.bytes();
  return out;
}

RuleIndex::Candidates RuleIndex::all() const {
  Candidates out;
  out.end_ = rules_;
  return out;
}

void RuleIndex::add(const List& list) const {
  if (list.end == kOneRule) {
    add(&list.first, &list.first + 1);
  } else {
    add(filed_.data() + list.first, filed_.data() + list.end);
  }
}

void RuleIndex::add(const std::uint32_t* first, const std::uint32_t* end) const {
  if (first == end) return;
  read_ahead_.fetch(*first);
  scratch().rests.push_back({first, end});
}

void RuleIndex::find_values(const Shelf& shelf, std::uint64_t hash) const {
  const std::size_t mask = shelf.values.size() - 1;
  for (std::size_t at = hash & mask; shelf.values[at].rules.end != 0; at = (at + 1) & mask)
    if (shelf.values[at].hash == hash) return add(shelf.values[at].rules);
}

void RuleIndex::find_literals(const Shelf& shelf, std::string_view text) const {
  Scratch& mine = scratch();
  mine.seen.resize(std::max(mine.seen.size(), shelf.placed.size() / 64 + 1));
  shelf.literals.find(text, [&](std::size_t literal, std::size_t begin, std::size_t end) {
    for (std::uint32_t i = shelf.first_placed[literal]; i < shelf.first_placed[literal + 1]; ++i) {
      const PlacedList& placed = shelf.placed[i];
      if ((placed.at_start && begin != 0) || (placed.at_end && end != text.size())) continue;
      std::uint64_t& word = mine.seen[i / 64];
      const std::uint64_t bit = std::uint64_t{1} << (i % 64);
      if ((word & bit) != 0) continue;
      word |= bit;
      mine.found.push_back(i);
    }
  });
  for (const std::size_t i : mine.found) {
    mine.seen[i / 64] = 0;
    add(shelf.placed[i].rules);
  }
  mine.found.clear();
}

RuleIndex::Candidates RuleIndex::candidates(const FieldValues& fields) const {
  if (small_) return all();
  Scratch& mine = scratch();
  mine.rests.clear();
  mine.shaped.clear();
  mine.shaped_ends.clear();
  add(always_);
  for (const Shelf& shelf : shelves_) {
    const Value& value = fields[shelf.slot];
    if (value.is_absent()) continue;
    add(shelf.present);
    const std::string_view* text = value.text();
    if (text != nullptr) fold(*text, mine.folded);
    if (!shelf.values.empty()) find_values(shelf, hash_of(value, mine.folded));
    if (text == nullptr) continue;
    if (!shelf.literals.empty()) find_literals(shelf, mine.folded);
    if (!shelf.shapes.empty()) {
      shelf.shapes.find(mine.folded, mine.shaped);
      mine.shaped_ends.push_back(mine.shaped.size());
    }
  }
  std::size_t first = 0;
  for (const std::size_t end : mine.shaped_ends) {
    add(mine.shaped.data() + first, mine.shaped.data() + end);
    first = end;
  }
  std::make_heap(mine.rests.begin(), mine.rests.end(), later);
  Candidates out;
  out.listed_by_ = this;
  return out;
}

std::optional<std::size_t> RuleIndex::Candidates::next() {
  if (listed_by_ == nullptr) return first_ < end_ ? std::optional(first_++) : std::nullopt;
  std::vector<Rest>& rests = scratch().rests;
  while (!rests.empty()) {
    const std::size_t rule = *rests.front().next;
    std::pop_heap(rests.begin(), rests.end(), later);
    if (++rests.back().next == rests.back().end) {
      rests.pop_back();
    } else {
      listed_by_->read_ahead_.fetch(*rests.back().next);
      std::push_heap(rests.begin(), rests.end(), later);
    }
    // A rule that several of its clues brought is tried once.
    if (rule < first_) continue;
    first_ = rule + 1;
    return rule;
  }
  return std::nullopt;
}

}  // namespace allocd
