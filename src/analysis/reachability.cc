#include "analysis/reachability.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "analysis/case_table.h"
#include "analysis/likely_id.h"
#include "analysis/made_request.h"
#include "analysis/rule_cases.h"
#include "policy/share.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

constexpr std::size_t kNoRule = static_cast<std::size_t>(-1);
constexpr std::size_t kMaxCovers = 256;  // earlier cases that one case is held against
constexpr std::size_t kMaxSpared = 32;   // covers of which superfluous ones are sorted out
constexpr int kMaxQuickIds = 4;          // that come to mind
constexpr int kMaxIds = 8;               // IDs that are tried to reach a rule
constexpr int kMaxAnswers = 24;          // requests that are tried for one ID
constexpr int kMaxIdsOfOverlap = 3;
constexpr const char* kTimeWasUp = "time was up while it was looked at";

// The way to an ID of one case that no earlier rule takes.
struct Hunt {
  const IdCase* id_case = nullptr;
  std::optional<MadeFields> fields;   // that meet the case's demands
  std::optional<FieldValues> values;  // of them
  std::vector<Cover> covers;          // earlier cases that took what was found so far
  std::deque<IdSet> left_out;         // IDs that came to nothing, and are no proof
  ShortestId id;
  std::string why;  // it is over without an answer
};

class Analysis {
 public:
  Analysis(const RuleSet& rules, ReachabilityCache& cache, const ReachabilityLimits& limits)
      : rules_(rules.rules()), set_(rules), cache_(cache), limits_(limits), cases_(rules, cache) {
    cache_.begin();
  }

  Reachability run() {
    Reachability out;
    for (std::size_t i = 0; i < rules_.size() && !limits_.time_is_up(); ++i) {
      auto quick = limits_.shortest_ids ? std::nullopt : quick_reach(i);
      out.rules.push_back(quick ? *std::move(quick) : reach(i));
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
  RuleReach reached(std::string id, MadeFields fields) const {
    if (!limits_.fields) fields.clear();
    return {.status = RuleReach::Status::Reachable,
            .registration_id = std::move(id),
            .fields = std::move(fields),
            .covered_by = {},
            .why = {}};
  }

  // By an ID that comes to mind, as most rules have one.
  std::optional<RuleReach> quick_reach(std::size_t rule) const {
    int tries = kMaxQuickIds;
    for (const RuleCase& rule_case : cases_of(rules_[rule]).cases) {
      if (tries-- == 0) break;
      auto id = likely_id(rule_case.on_id);
      if (!id) continue;
      auto fields = fields_that_meet(rule_case.demands);
      const auto body = fields ? made_body(*id, *fields) : std::nullopt;
      std::size_t decider = kNoRule;
      if (body && reaches(rule, *id, *body, decider))
        return reached(*std::move(id), *std::move(fields));
    }
    return std::nullopt;
  }

  RuleReach reach(std::size_t rule) {
    RuleReach out;
    const IdCases& own = cases_.of(rule);
    if (!own.not_analysed.empty()) {
      out.why = own.not_analysed;
      return out;
    }
    std::vector<Hunt> hunts(own.cases.size());
    for (std::size_t i = 0; i < hunts.size(); ++i) {
      hunts[i].id_case = &own.cases[i];
      hunts[i].fields = fields_that_meet(own.cases[i].demands);
      if (hunts[i].fields)
        hunts[i].values = cases_.values_of(own.cases[i].demands, *hunts[i].fields);
    }
    for (Hunt& hunt : hunts) search(rule, hunt);
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
      if (confirm(rule, *best)) return reached(best->id.id, *std::move(best->fields));
      search(rule, *best);
    }
    out.why = reason(hunts);
    return out;
  }

  static std::string reason(const std::vector<Hunt>& hunts) {
    for (const Hunt& hunt : hunts)
      if (!hunt.id_case->left_out.empty()) return hunt.id_case->left_out;
    for (const Hunt& hunt : hunts)
      if (!hunt.why.empty()) return hunt.why;
    return "no request was found that reaches it";
  }

  ShortestId search_with(const Hunt& hunt, std::size_t without = kNoRule) {
    std::vector<const IdSet*> others;
    for (std::size_t i = 0; i < hunt.covers.size(); ++i)
      if (i != without) others.push_back(&hunt.covers[i].id_case->ids);
    for (const IdSet& set : hunt.left_out) others.push_back(&set);
    return cache_.search(hunt.id_case->ids, others, limits_.time_is_up);
  }

  // The shortest ID of the case that no earlier rule takes. Only those rules that stand in the way
  // are looked at, one after the other.
  void search(std::size_t rule, Hunt& hunt) {
    for (;;) {
      hunt.id = search_with(hunt);
      if (hunt.id.result == ShortestId::Result::TooLarge)
        hunt.why = "its registration IDs take too many states";
      if (hunt.id.result == ShortestId::Result::TimeIsUp) hunt.why = kTimeWasUp;
      if (hunt.id.result != ShortestId::Result::Found) return;
      const auto cover = cases_.cover_of(rule, hunt.id_case->demands, hunt.id.id, hunt.values);
      if (!cover) return;
      if (hunt.covers.size() == kMaxCovers) {
        hunt.why = "more than " + std::to_string(kMaxCovers) + " rules before it share its IDs";
        return;
      }
      if (limits_.time_is_up()) {
        hunt.why = kTimeWasUp;
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
  bool reaches(std::size_t rule, const std::string& id, const Json& body,
               std::size_t& decider) const {
    const Answer said = answer(set_, body.dump(), Moment());
    decider = position(said.decision.rule);
    if (decider == rule) return true;
    // Without an ID it was no request.
    if (takes_all(rules_[rule]) || decider < rule || !said.registration_id) return false;
    // No rule before it decided.
    const auto& rollout = rules_[rule].rollout;
    return matches(rule, id, body) &&
           (!rollout || rollout->takes(rollout_position(rules_[rule].name, id)));
  }

  // Asks the engine whether the ID that was found reaches the rule, with the hunt's fields as they
  // are then. Where it does not, the ID is left out from now on, with all of those of the rule that
  // was in the way.
  bool confirm(std::size_t rule, Hunt& hunt) {
    const std::string& id = hunt.id.id;
    std::size_t decider = kNoRule;
    if (!hunt.fields) {
      hunt.why = "no request was found that holds its other matchers";
      return false;
    }
    int answers = kMaxAnswers;
    const auto body = made_body(id, *hunt.fields);
    if (!body) {
      hunt.why = "it asks for a field that no request brings along";
      return false;
    }
    if (reaches(rule, id, *body, decider)) return true;
    if (decider < rule && step_aside(rule, hunt, *hunt.fields, decider, answers)) return true;
    if (decider < rule)
      for (const IdCase& other : cases_.of(decider).cases)
        if (other.left_out.empty() && holds(other.ids, id) == Membership::Yes)
          hunt.left_out.push_back(other.ids);
    const auto& just_this = cache_.automaton_of(id);
    hunt.left_out.push_back({{just_this.automaton, false, just_this.number}});
    return false;
  }

  // The rule before that decided asks something of other fields: tries values that it does not
  // want, and leaves those that reach the rule in the hunt.
  bool step_aside(std::size_t rule, Hunt& hunt, MadeFields fields, std::size_t decider,
                  int& answers) {
    std::vector<FieldDemand> theirs;
    for (const IdCase& other : cases_.of(decider).cases)
      theirs.insert(theirs.end(), other.demands.begin(), other.demands.end());
    for (const FieldDemand& demand : theirs) {
      const auto on_field = [&](const std::vector<FieldDemand>& demands) {
        std::vector<FieldDemand> out;
        std::copy_if(demands.begin(), demands.end(), std::back_inserter(out),
                     [&](const FieldDemand& d) { return d.slot == demand.slot; });
        return out;
      };
      const auto given = on_field(hunt.id_case->demands);
      const std::string& name = given.empty() ? *demand.field : *given.front().field;
      for (auto& value : values_that_meet(name, given, on_field(theirs))) {
        if (answers <= 0) return false;
        MadeFields changed = fields;
        changed[name] = std::move(value);
        const auto body = made_body(hunt.id.id, changed);
        std::size_t next = kNoRule;
        if (!body) continue;
        --answers;
        if (reaches(rule, hunt.id.id, *body, next)) {
          hunt.fields = std::move(changed);
          return true;
        }
        // Past that rule: now for the next one.
        if (next > decider && next < rule)
          return step_aside(rule, hunt, std::move(changed), next, answers);
      }
    }
    return false;
  }

  void find_overlaps(Reachability& out) {
    const std::size_t analysed = out.rules_in_time;
    bool late = false;
    for (std::size_t second = 1; second < analysed; ++second) {
      for (std::size_t first = 0; first < second; ++first) {
        const IdCases& ours = cases_.of(first);
        const IdCases& theirs = cases_.of(second);
        bool possible = !ours.not_analysed.empty() || !theirs.not_analysed.empty();
        std::optional<std::string> id;
        for (const IdCase& a : ours.cases)
          for (const IdCase& b : theirs.cases) {
            if (id || !may_share_ids(a, b)) continue;
            late = late || out.overlaps.size() >= limits_.overlaps || limits_.time_is_up();
            possible = late || overlap(first, a, second, b, id) || possible;
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
  bool overlap(std::size_t first, const IdCase& a, std::size_t second, const IdCase& b,
               std::optional<std::string>& id) {
    if (exclude_each_other(a, b)) return false;
    IdSet both = a.ids;
    both.insert(both.end(), b.ids.begin(), b.ids.end());
    std::optional<MadeFields> fields;
    std::deque<IdSet> left_out;
    for (int i = 0; i < kMaxIdsOfOverlap; ++i) {
      std::vector<const IdSet*> others;
      for (const IdSet& set : left_out) others.push_back(&set);
      const ShortestId found = shortest_id(both, others, limits_.time_is_up);
      if (found.result == ShortestId::Result::None) return i > 0;
      if (found.result != ShortestId::Result::Found) return true;
      if (!fields) {
        std::vector<FieldDemand> demands = a.demands;
        demands.insert(demands.end(), b.demands.begin(), b.demands.end());
        fields = fields_that_meet(demands);
        if (!fields) return true;
      }
      const auto body = made_body(found.id, *fields);
      if (!body) return true;
      std::size_t decider = kNoRule;
      if (reaches(first, found.id, *body, decider) && matches(second, found.id, *body)) {
        id = found.id;
        return true;
      }
      if (decider >= first) return true;
      const std::size_t before = left_out.size();
      for (const IdCase& other : cases_.of(decider).cases)
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
  CaseTable cases_;
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
