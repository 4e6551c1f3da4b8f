#include "analysis/id_language.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "policy/letter_case.h"

namespace allocd {
namespace {

using State = IdAutomaton::State;
constexpr std::size_t kMaxWays = 50'000;
constexpr std::size_t kWaysAtOnce = 32;  // without a look at the time
// In place of the states of a set that no ID from here on is in.
constexpr State kGone = IdAutomaton::kTooLarge - 2;

RegexTree letter(char c, bool ignore_case) {
  RegexTree out{.kind = RegexTree::Kind::Symbols};
  for (const char either : {ignore_case ? lower(c) : c, ignore_case ? upper(c) : c})
    if (const std::size_t symbol = symbol_of(either); symbol < kIdSymbols.size())
      out.symbols.set(symbol);
  return out;
}

RegexTree text_tree(std::string_view text, bool ignore_case) {
  RegexTree out{.kind = RegexTree::Kind::All};
  for (const char c : text) out.parts.push_back(letter(c, ignore_case));
  return out;
}

RegexTree any_letter() {
  RegexTree out{.kind = RegexTree::Kind::Symbols};
  out.symbols.set();
  return out;
}

RegexTree glob_tree(std::string_view pattern, bool ignore_case) {
  RegexTree out{.kind = RegexTree::Kind::All};
  for (const char c : pattern) {
    if (c == '*') {
      RegexTree any{.kind = RegexTree::Kind::Repeat};
      any.parts.push_back(any_letter());
      out.parts.push_back(std::move(any));
    } else {
      out.parts.push_back(c == '?' ? any_letter() : letter(c, ignore_case));
    }
  }
  return out;
}

IdAutomaton no_id() { return IdAutomaton({.kind = RegexTree::Kind::Symbols}, {}); }
IdAutomaton every_id() { return IdAutomaton({.kind = RegexTree::Kind::All}, {.any_end = true}); }

// A registration ID is a text, and equals nothing else.
IdAutomaton one_of(const OneOf& test) {
  RegexTree tree{.kind = RegexTree::Kind::Any};
  for (const Json& value : test.values)
    if (value.is_string())
      tree.parts.push_back(text_tree(value.get_ref<const std::string&>(), test.ignore_case));
  return tree.parts.empty() ? no_id() : IdAutomaton(tree, {});
}

IdAutomaton text_part(const TextPart& test) {
  const RegexTree tree = text_tree(test.text, test.ignore_case);
  switch (test.where) {
    case TextPart::Where::Start: return IdAutomaton(tree, {.any_end = true});
    case TextPart::Where::End: return IdAutomaton(tree, {.any_start = true});
    case TextPart::Where::Anywhere: break;
  }
  return IdAutomaton(tree, {.any_start = true, .any_end = true});
}

// Walks several sets at once. A way is where all their automata stand; the first set is the one to
// be in, the others are those not to be in.
class Search {
 public:
  Search(const IdSet& set, const std::vector<const IdSet*>& others) {
    add(set);
    for (const IdSet* other : others) add(*other);
    find_letters();
  }

  ShortestId run(const std::function<bool()>& time_is_up) {
    std::vector<State> way;
    for (const IdCondition* condition : conditions_) way.push_back(condition->automaton->start());
    if (std::find(way.begin(), way.end(), IdAutomaton::kTooLarge) != way.end())
      return {ShortestId::Result::TooLarge, {}};
    if (tidy(way)) keep(way, 0, 0);
    std::size_t length = 0;
    std::size_t next_length_at = ways();
    for (std::size_t at = 0; at < ways(); ++at) {
      if (at == next_length_at) {
        ++length;
        next_length_at = ways();
      }
      if (length == kMaxIdLength) break;
      if (at % kWaysAtOnce == kWaysAtOnce - 1 && time_is_up())
        return {ShortestId::Result::TimeIsUp, {}};
      for (const std::size_t symbol : letters_) {
        way.assign(ways_.begin() + begin_of(at), ways_.begin() + begin_of(at + 1));
        for (std::size_t i = 0; i < way.size(); ++i) {
          if (way[i] == kGone) continue;
          way[i] = conditions_[i]->automaton->next(way[i], symbol);
          if (way[i] == IdAutomaton::kTooLarge) return {ShortestId::Result::TooLarge, {}};
        }
        if (!tidy(way)) continue;
        if (may_end_id(symbol) && is_wanted(way))
          return {ShortestId::Result::Found, text_to(at) + kIdSymbols[symbol]};
        if (!keep(way, at, symbol)) return {ShortestId::Result::TooLarge, {}};
      }
    }
    return {ShortestId::Result::None, {}};
  }

 private:
  struct HashOfWay {
    const Search* search;
    std::size_t operator()(std::size_t way) const {
      std::size_t hash = 0;
      for (auto i = search->begin_of(way); i < search->begin_of(way + 1); ++i)
        hash = (hash ^ search->ways_[static_cast<std::size_t>(i)]) * 0x9E3779B97F4A7C15U;
      return hash ^ (hash >> 32);
    }
  };
  struct EqualWays {
    const Search* search;
    bool operator()(std::size_t a, std::size_t b) const {
      const auto begin = search->ways_.begin();
      return std::equal(begin + search->begin_of(a), begin + search->begin_of(a + 1),
                        begin + search->begin_of(b));
    }
  };

  void add(const IdSet& set) {
    for (const IdCondition& condition : set) conditions_.push_back(&condition);
    ends_.push_back(conditions_.size());
  }

  // One letter of each kind that any automaton tells apart.
  void find_letters() {
    constexpr std::size_t kSymbols = kIdSymbols.size();
    std::array<std::uint8_t, kSymbols> kinds{};
    std::size_t count = 1;
    const auto tell_apart = [&](const auto& group_of) {
      if (count == kSymbols) return;
      std::array<std::uint8_t, kSymbols * kSymbols> numbers;  // by kind and group; one too high
      numbers.fill(0);
      count = 0;
      for (std::size_t symbol = 0; symbol < kSymbols; ++symbol) {
        std::uint8_t& number = numbers[kinds[symbol] * kSymbols + group_of(symbol)];
        if (number == 0) number = static_cast<std::uint8_t>(++count);
        kinds[symbol] = static_cast<std::uint8_t>(number - 1);
      }
    };
    tell_apart([](std::size_t symbol) { return may_end_id(symbol) ? 1U : 0U; });
    for (const IdCondition* condition : conditions_)
      tell_apart([&](std::size_t symbol) { return condition->automaton->group_of(symbol); });
    for (std::size_t symbol = 0; symbol < kSymbols; ++symbol)
      if (kinds[symbol] == letters_.size()) letters_.push_back(symbol);
  }

  std::size_t ways() const { return from_.size(); }
  std::ptrdiff_t begin_of(std::size_t way) const {
    return static_cast<std::ptrdiff_t>(way * conditions_.size());
  }

  static bool can_hold(const IdCondition& condition, State state) {
    return state != (condition.negated ? IdAutomaton::kEverything : IdAutomaton::kDead);
  }
  static bool always_holds(const IdCondition& condition, State state) {
    return state == (condition.negated ? IdAutomaton::kDead : IdAutomaton::kEverything);
  }

  // Whether the way may still lead to an ID that is wanted. What cannot be reached any more is
  // blotted out, so that ways that differ in nothing else are one.
  bool tidy(std::vector<State>& way) const {
    std::size_t begin = 0;
    for (std::size_t set = 0; set < ends_.size(); begin = ends_[set++]) {
      bool possible = true;
      bool certain = true;
      for (std::size_t i = begin; i < ends_[set]; ++i) {
        possible = possible && way[i] != kGone && can_hold(*conditions_[i], way[i]);
        certain = certain && way[i] != kGone && always_holds(*conditions_[i], way[i]);
      }
      if (set == 0 ? !possible : certain) return false;
      if (!possible)
        std::fill(way.begin() + static_cast<std::ptrdiff_t>(begin),
                  way.begin() + static_cast<std::ptrdiff_t>(ends_[set]), kGone);
    }
    return true;
  }

  // Of a tidied way: whether it stands in the first set, and in no other.
  bool is_wanted(const std::vector<State>& way) const {
    std::size_t begin = 0;
    for (std::size_t set = 0; set < ends_.size(); begin = ends_[set++]) {
      bool inside = true;
      for (std::size_t i = begin; i < ends_[set]; ++i)
        inside = inside && way[i] != kGone &&
                 conditions_[i]->automaton->accepts(way[i]) != conditions_[i]->negated;
      if (inside != (set == 0)) return false;
    }
    return true;
  }

  // Takes the way in, where it is a new one. False where there are too many.
  bool keep(const std::vector<State>& way, std::size_t from, std::size_t symbol) {
    if (ways() >= kMaxWays) return false;
    ways_.insert(ways_.end(), way.begin(), way.end());
    from_.emplace_back(from, symbol);
    if (known_.insert(ways() - 1).second) return true;
    ways_.resize(ways_.size() - way.size());
    from_.pop_back();
    return true;
  }

  std::string text_to(std::size_t way) const {
    std::string out;
    for (; way != 0; way = from_[way].first) out += kIdSymbols[from_[way].second];
    std::reverse(out.begin(), out.end());
    return out;
  }

  std::vector<const IdCondition*> conditions_;
  std::vector<std::size_t> ends_;  // of each set, among the conditions
  std::vector<std::size_t> letters_;
  std::vector<State> ways_;                                // one behind the other
  std::vector<std::pair<std::size_t, std::size_t>> from_;  // by way: where from, by which letter
  std::unordered_set<std::size_t, HashOfWay, EqualWays> known_{16, HashOfWay{this},
                                                               EqualWays{this}};
};

}  // namespace

std::variant<IdAutomaton, NotAnalysed> ids_of(const CompiledOperator& op) {
  if (const auto* test = std::get_if<OneOf>(&op.test)) return one_of(*test);
  if (const auto* test = std::get_if<TextPart>(&op.test)) return text_part(*test);
  if (const auto* test = std::get_if<Presence>(&op.test))
    return test->expected ? every_id() : no_id();
  if (std::holds_alternative<Bound>(op.test)) return no_id();
  if (std::holds_alternative<Glob>(op.test))
    return IdAutomaton(glob_tree(op.operand.get_ref<const std::string&>(), op.ignore_case), {});
  if (std::holds_alternative<Pattern>(op.test)) {
    auto tree = parse_regex(op.operand.get_ref<const std::string&>(), op.ignore_case);
    if (auto* reason = std::get_if<NotAnalysed>(&tree)) return std::move(*reason);
    const bool whole = op.op == Operator::Matches;
    return IdAutomaton(std::get<RegexTree>(tree), {.any_start = !whole, .any_end = !whole});
  }
  return NotAnalysed{"`" + std::string(operator_name(op.op)) + "` of the registration ID"};
}

IdAutomaton just_this_id(std::string_view id) { return IdAutomaton(text_tree(id, false), {}); }

Membership holds(const IdSet& set, std::string_view id) {
  Membership out = Membership::Yes;
  for (const IdCondition& condition : set) {
    State state = condition.automaton->start();
    for (const char c : id) {
      if (state == IdAutomaton::kDead || state == IdAutomaton::kEverything ||
          state == IdAutomaton::kTooLarge)
        break;
      state = condition.automaton->next(state, symbol_of(c));
    }
    if (state == IdAutomaton::kTooLarge) {
      out = Membership::Unknown;
    } else if (condition.automaton->accepts(state) == condition.negated) {
      return Membership::No;
    }
  }
  return out;
}

ShortestId shortest_id(const IdSet& set, const std::vector<const IdSet*>& others,
                       const std::function<bool()>& time_is_up) {
  return Search(set, others).run(time_is_up);
}

}  // namespace allocd
