#include "analysis/reachability.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "analysis/made_request.h"
#include "analysis/rule_cases.h"
#include "policy/letter_case.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

constexpr std::size_t kNoRule = static_cast<std::size_t>(-1);
constexpr std::size_t kMaxCovers = 256;  // earlier cases that one case is held against
constexpr std::size_t kMaxSpared = 32;   // covers of which superfluous ones are sorted out
constexpr int kMaxIds = 8;               // IDs that are tried to reach a rule
constexpr int kMaxAnswers = 24;          // requests that are tried for one ID
constexpr int kMaxIdsOfOverlap = 3;

struct Cover {
  std::size_t rule = 0;
  const RuleCase* rule_case = nullptr;
};

// The way to an ID of one case that no earlier rule takes.
struct Hunt {
  const RuleCase* rule_case = nullptr;
  std::vector<Cover> covers;   // earlier cases that took what was found so far
  std::deque<IdSet> left_out;  // IDs that came to nothing, and are no proof
  ShortestId id;
  std::string why;  // it is over without an answer
};

// What every ID of the set begins with, letters folded.
std::string prefix_of(const IdSet& set) {
  std::string out;
  for (const IdCondition& condition : set)
    if (!condition.negated && condition.automaton->prefix().size() > out.size())
      out = condition.automaton->prefix();
  return out;
}

bool may_share(const std::string& a, const std::string& b) {
  return std::equal(
      a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
}

// Whether no request meets the demands of both, as far as that is easily seen.
bool exclude_each_other(const RuleCase& a, const RuleCase& b) {
  return std::any_of(b.demands.begin(), b.demands.end(), [&](FieldDemand demand) {
    demand.negated = !demand.negated;
    return implies(a.demands, demand);
  });
}

class Analysis {
 public:
  Analysis(const RuleSet& rules, ReachabilityCache& cache, const ReachabilityLimits& limits)
      : rules_(rules.rules()), set_(rules), cache_(cache), limits_(limits) {}

  Reachability run() {
    cache_.begin();
    const AutomatonOf automaton_of = [this](const CompiledOperator& op, const std::string& text,
                                            std::string& why_not) {
      return cache_.automaton_of(op, text, why_not);
    };
    Reachability out;
    for (std::size_t i = 0; i < rules_.size() && !limits_.time_is_up(); ++i) {
      cases_.push_back(cases_of(rules_[i], automaton_of));
      out.rules.push_back(reach(i));
      // Once its own turn is over, it takes part as an earlier rule.
      if (!takes_all(rules_[i])) continue;
      for (const RuleCase& rule_case : cases_.back().cases)
        if (rule_case.left_out.empty())
          covers_[prefix_of(rule_case.ids)].push_back({i, &rule_case});
    }
    out.rules_in_time = out.rules.size();
    RuleReach late;
    late.why = "time was up after " + std::to_string(out.rules.size()) +
               (out.rules.size() == 1 ? " rule" : " rules");
    out.rules.resize(rules_.size(), late);
    if (limits_.overlaps > 0) find_overlaps(out);
    return out;
  }

 private:
  RuleReach reach(std::size_t rule) {
    RuleReach out;
    if (!cases_[rule].not_analysed.empty()) {
      out.why = cases_[rule].not_analysed;
      return out;
    }
    std::vector<Hunt> hunts;
    for (const RuleCase& rule_case : cases_[rule].cases) hunts.push_back({.rule_case = &rule_case});
    for (Hunt& hunt : hunts) search(hunt);
    const auto proven_empty = [](const Hunt& hunt) {
      return hunt.why.empty() && hunt.id.result == ShortestId::Result::None;
    };
    if (std::all_of(hunts.begin(), hunts.end(), proven_empty)) {
      out.status = RuleReach::Status::Unreachable;
      std::set<std::size_t> covering;
      for (Hunt& hunt : hunts) {
        spare_covers(hunt);
        for (const Cover& cover : hunt.covers) covering.insert(cover.rule);
      }
      out.covered_by.assign(covering.begin(), covering.end());
      return out;
    }
    for (int i = 0; i < kMaxIds && !limits_.time_is_up(); ++i) {
      Hunt* best = nullptr;
      for (Hunt& hunt : hunts)
        if (hunt.id.result == ShortestId::Result::Found && hunt.why.empty() &&
            (best == nullptr || hunt.id.id.size() < best->id.id.size()))
          best = &hunt;
      if (best == nullptr) break;
      if (confirm(rule, *best)) {
        out.status = RuleReach::Status::Reachable;
        out.registration_id = best->id.id;
        return out;
      }
      search(*best);
    }
    out.why = reason(hunts);
    return out;
  }

  static std::string reason(const std::vector<Hunt>& hunts) {
    for (const Hunt& hunt : hunts)
      if (!hunt.rule_case->left_out.empty()) return hunt.rule_case->left_out;
    for (const Hunt& hunt : hunts)
      if (!hunt.why.empty()) return hunt.why;
    return "no request was found that reaches it";
  }

  // The earlier case that takes the ID, whatever else is in a request that meets the hunted case's
  // demands. Those that begin with less come first: they take more.
  std::optional<Cover> cover_of(const Hunt& hunt) {
    const std::string folded = lower(hunt.id.id);
    for (std::size_t length = 0; length <= folded.size(); ++length) {
      const auto place = covers_.find(folded.substr(0, length));
      if (place == covers_.end()) continue;
      for (const Cover& cover : place->second) {
        const auto& demands = cover.rule_case->demands;
        if (std::all_of(demands.begin(), demands.end(),
                        [&](const FieldDemand& demand) {
                          return implies(hunt.rule_case->demands, demand);
                        }) &&
            holds(cover.rule_case->ids, hunt.id.id) == Membership::Yes)
          return cover;
      }
    }
    return std::nullopt;
  }

  ShortestId search_with(const Hunt& hunt, std::size_t without = kNoRule) {
    std::vector<const IdSet*> others;
    for (std::size_t i = 0; i < hunt.covers.size(); ++i)
      if (i != without) others.push_back(&hunt.covers[i].rule_case->ids);
    for (const IdSet& set : hunt.left_out) others.push_back(&set);
    return cache_.search(hunt.rule_case->ids, others);
  }

  // The shortest ID of the case that no earlier rule takes. Only those rules that stand in the way
  // are looked at, one after the other.
  void search(Hunt& hunt) {
    for (;;) {
      hunt.id = search_with(hunt);
      if (hunt.id.result == ShortestId::Result::TooLarge)
        hunt.why = "its registration IDs take too many states";
      if (hunt.id.result != ShortestId::Result::Found) return;
      const auto cover = cover_of(hunt);
      if (!cover) return;
      if (hunt.covers.size() == kMaxCovers) {
        hunt.why = "more than " + std::to_string(kMaxCovers) + " rules before it share its IDs";
        return;
      }
      if (limits_.time_is_up()) {
        hunt.why = "time was up while it was looked at";
        return;
      }
      hunt.covers.push_back(*cover);
    }
  }

  // Sorts out what the proof does not need.
  void spare_covers(Hunt& hunt) {
    if (hunt.covers.size() < 2 || hunt.covers.size() > kMaxSpared) return;
    for (std::size_t i = 0; i < hunt.covers.size();) {
      if (search_with(hunt, i).result == ShortestId::Result::None) {
        hunt.covers.erase(hunt.covers.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }

  std::size_t position(const Rule* rule) const {
    return rule != nullptr ? static_cast<std::size_t>(rule - rules_.data()) : kNoRule;
  }

  // Which rule decides, and whether that, or a match that only lacks a hub, is `rule`'s.
  bool reaches(std::size_t rule, const std::string& body, std::size_t& decider) const {
    decider = position(answer(set_, body, Moment()).decision.rule);
    if (decider == rule) return true;
    if (takes_all(rules_[rule]) || decider < rule) return false;
    Trace trace;
    answer(set_, body, Moment(), &trace);
    return std::any_of(trace.begin(), trace.end(), [&](const RuleTrace& entry) {
      return entry.rule == &rules_[rule] && entry.matched;
    });
  }

  // Asks the engine whether the ID that was found reaches the rule. Where it does not, the ID is
  // left out from now on, with all of those of the rule that was in the way.
  bool confirm(std::size_t rule, Hunt& hunt) {
    const std::string& id = hunt.id.id;
    std::size_t decider = kNoRule;
    auto fields = fields_that_meet(hunt.rule_case->demands);
    if (!fields) {
      hunt.why = "no request was found that holds its other matchers";
      return false;
    }
    int answers = kMaxAnswers;
    const auto body = made_body(id, *fields);
    if (!body) {
      hunt.why = "it asks for a field that no request brings along";
      return false;
    }
    if (reaches(rule, body->dump(), decider)) return true;
    if (decider < rule && step_aside(rule, hunt, *std::move(fields), decider, answers)) return true;
    if (decider < rule)
      for (const RuleCase& other : cases_[decider].cases)
        if (other.left_out.empty() && holds(other.ids, id) == Membership::Yes)
          hunt.left_out.push_back(other.ids);
    hunt.left_out.push_back(
        {{std::make_shared<IdAutomaton>(just_this_id(id)), false, "equals = " + Json(id).dump()}});
    return false;
  }

  // The rule before that decided asks something of other fields: tries values that it does not
  // want.
  bool step_aside(std::size_t rule, const Hunt& hunt, MadeFields fields, std::size_t decider,
                  int& answers) {
    std::vector<FieldDemand> theirs;
    for (const RuleCase& other : cases_[decider].cases)
      theirs.insert(theirs.end(), other.demands.begin(), other.demands.end());
    for (const FieldDemand& demand : theirs) {
      const auto on_field = [&](const std::vector<FieldDemand>& demands) {
        std::vector<FieldDemand> out;
        std::copy_if(demands.begin(), demands.end(), std::back_inserter(out),
                     [&](const FieldDemand& d) { return d.slot == demand.slot; });
        return out;
      };
      const auto given = on_field(hunt.rule_case->demands);
      const std::string& name = given.empty() ? *demand.field : *given.front().field;
      for (auto& value : values_that_meet(name, given, on_field(theirs))) {
        if (answers-- <= 0) return false;
        MadeFields changed = fields;
        changed[name] = std::move(value);
        const auto body = made_body(hunt.id.id, changed);
        std::size_t next = kNoRule;
        if (!body) continue;
        if (reaches(rule, body->dump(), next)) return true;
        // Past that rule: now for the next one.
        if (next > decider && next < rule)
          return step_aside(rule, hunt, std::move(changed), next, answers);
      }
    }
    return false;
  }

  void find_overlaps(Reachability& out) {
    const std::size_t analysed = cases_.size();
    std::vector<std::vector<std::string>> prefixes(analysed);
    for (std::size_t i = 0; i < analysed; ++i)
      for (const RuleCase& rule_case : cases_[i].cases)
        prefixes[i].push_back(prefix_of(rule_case.ids));
    bool late = false;
    for (std::size_t second = 1; second < analysed; ++second) {
      for (std::size_t first = 0; first < second; ++first) {
        bool possible = !cases_[first].not_analysed.empty() || !cases_[second].not_analysed.empty();
        std::optional<std::string> id;
        for (std::size_t a = 0; a < cases_[first].cases.size() && !id; ++a)
          for (std::size_t b = 0; b < cases_[second].cases.size() && !id; ++b) {
            if (!may_share(prefixes[first][a], prefixes[second][b])) continue;
            late = late || out.overlaps.size() >= limits_.overlaps || limits_.time_is_up();
            possible =
                late ||
                overlap(first, cases_[first].cases[a], second, cases_[second].cases[b], id) ||
                possible;
          }
        if (id) {
          out.overlaps.push_back({first, second, *std::move(id)});
        } else if (possible) {
          ++out.overlaps_left_out;
        }
      }
    }
    // Pairs of rules that were not even taken apart.
    const std::size_t all = rules_.size();
    out.overlaps_left_out += (all * (all - 1) - analysed * (analysed - (analysed > 0 ? 1 : 0))) / 2;
  }

  // False where the two cases have nothing in common; else `id` where it could be shown.
  bool overlap(std::size_t first, const RuleCase& a, std::size_t second, const RuleCase& b,
               std::optional<std::string>& id) {
    if (exclude_each_other(a, b) || exclude_each_other(b, a)) return false;
    IdSet both = a.ids;
    both.insert(both.end(), b.ids.begin(), b.ids.end());
    std::optional<MadeFields> fields;
    std::deque<IdSet> left_out;
    for (int i = 0; i < kMaxIdsOfOverlap; ++i) {
      std::vector<const IdSet*> others;
      for (const IdSet& set : left_out) others.push_back(&set);
      const ShortestId found = shortest_id(both, others);
      if (found.result == ShortestId::Result::None) return i > 0;
      if (found.result == ShortestId::Result::TooLarge) return true;
      if (!fields) {
        std::vector<FieldDemand> demands = a.demands;
        demands.insert(demands.end(), b.demands.begin(), b.demands.end());
        fields = fields_that_meet(demands);
        if (!fields) return true;
      }
      const auto body = made_body(found.id, *fields);
      if (!body) return true;
      std::size_t decider = kNoRule;
      if (reaches(first, body->dump(), decider) && matches(second, found.id, *body)) {
        id = found.id;
        return true;
      }
      if (decider >= first) return true;
      const std::size_t before = left_out.size();
      for (const RuleCase& other : cases_[decider].cases)
        if (other.left_out.empty() && holds(other.ids, found.id) == Membership::Yes)
          left_out.push_back(other.ids);
      if (left_out.size() == before) return true;
    }
    return true;
  }

  bool matches(std::size_t rule, const std::string& id, const Json& body) const {
    const AllocationRequest request{id, std::vector<std::string>{}, body};
    Captures captures(rules_[rule].variables.size());
    return rules_[rule].match.holds(set_.fields().read(request), captures);
  }

  const std::vector<Rule>& rules_;
  const RuleSet& set_;
  ReachabilityCache& cache_;
  const ReachabilityLimits& limits_;
  std::deque<RuleCases> cases_;                                 // by rule; never move
  std::unordered_map<std::string, std::vector<Cover>> covers_;  // by what their IDs begin with
};

}  // namespace

std::string_view status_name(RuleReach::Status status) {
  switch (status) {
    case RuleReach::Status::Reachable: return "reachable";
    case RuleReach::Status::Unreachable: return "unreachable";
    case RuleReach::Status::NotAnalysed: break;
  }
  return "not analysed";
}

std::size_t Reachability::count(RuleReach::Status status) const {
  return static_cast<std::size_t>(std::count_if(
      rules.begin(), rules.end(), [&](const RuleReach& rule) { return rule.status == status; }));
}

Reachability analyse_reachability(const RuleSet& rules, ReachabilityCache& cache,
                                  const ReachabilityLimits& limits) {
  return Analysis(rules, cache, limits).run();
}

}  // namespace allocd
