#include "analysis/rule_difference.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

#include "analysis/case_table.h"
#include "analysis/made_request.h"
#include "analysis/reachability_cache.h"
#include "analysis/rule_alignment.h"
#include "analysis/rule_cases.h"
#include "policy/letter_case.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxCovers = 256;  // earlier cases that two cases are held against
constexpr int kMaxIds = 4;               // IDs that are tried for two cases
constexpr int kMaxBodies = 24;           // requests that are tried for one ID

// The rules of one set as cases, and one more that takes what no rule takes.
class Side {
 public:
  // `slots` numbers fields by name, the same for both sets.
  Side(const RuleSet& rules, ReachabilityCache& cache, std::map<std::string, std::size_t>& slots)
      : set_(rules) {
    for (const Rule& rule : rules.rules()) {
      IdCases& cases = cases_.emplace_back(id_cases_of(rule, cache));
      for (IdCase& id_case : cases.cases)
        for (FieldDemand& demand : id_case.demands)
          demand.slot = slots.emplace(*demand.field, slots.size()).first->second;
      add_covers(rule, cases_.size() - 1);
    }
    cases_.emplace_back().cases.emplace_back();
  }

  // Behind the last rule: none.
  std::size_t none() const { return set_.rules().size(); }
  const Rule* rule(std::size_t number) const {
    return number == none() ? nullptr : &set_.rules()[number];
  }
  const IdCases& cases(std::size_t rule) const { return cases_[rule]; }

  Answer answer_to(const std::string& body) const { return answer(set_, body, Moment()); }
  std::size_t decider(const Answer& answer) const {
    return answer.decision.rule == nullptr
               ? none()
               : static_cast<std::size_t>(answer.decision.rule - set_.rules().data());
  }

  // A case of a rule before `rule` that takes the ID whenever `demands` are met.
  const IdCase* cover_of(std::size_t rule, const std::string& id,
                         const std::vector<FieldDemand>& demands) const {
    const std::string folded = lower(id);
    for (std::size_t length = 0; length <= folded.size(); ++length) {
      const auto place = covers_.find(folded.substr(0, length));
      if (place == covers_.end()) continue;
      for (const auto& [of_rule, id_case] : place->second)
        if (of_rule < rule &&
            std::all_of(id_case->demands.begin(), id_case->demands.end(),
                        [&](const FieldDemand& demand) { return implies(demands, demand); }) &&
            holds(id_case->ids, id) == Membership::Yes)
          return id_case;
    }
    return nullptr;
  }

 private:
  void add_covers(const Rule& rule, std::size_t number) {
    if (!takes_all(rule)) return;
    for (const IdCase& id_case : cases_[number].cases)
      if (id_case.left_out.empty()) covers_[id_case.prefix].emplace_back(number, &id_case);
  }

  const RuleSet& set_;
  std::deque<IdCases> cases_;  // never move
  std::unordered_map<std::string, std::vector<std::pair<std::size_t, const IdCase*>>> covers_;
};

class Comparison {
 public:
  Comparison(const RuleSet& from, const RuleSet& to, const std::vector<std::string>& hubs,
             const MeaningLimits& limits)
      : from_rules_(from),
        to_rules_(to),
        hubs_(hubs),
        limits_(limits),
        from_(from, cache_, slots_),
        to_(to, cache_, slots_) {}

  MeaningComparison run() {
    const auto partners = align_rules(from_rules_, to_rules_);
    std::vector<bool> to_has_partner(to_.none() + 1, false);
    for (const std::size_t partner : partners)
      if (partner != kNoPartner) to_has_partner[partner] = true;
    to_has_partner[to_.none()] = true;

    // INVARIANT: what a rule with a partner decides is decided there by that, or by an earlier rule
    // without one; so is what no rule decides.
    for (std::size_t a = 0; a <= from_.none(); ++a) {
      const std::size_t partner = a == from_.none() ? to_.none() : partners[a];
      if (partner != kNoPartner) {
        for (std::size_t b = 0; b < partner; ++b)
          if (!to_has_partner[b]) settle(a, b);
        if (a != from_.none()) settle(a, partner);
      } else {
        // The partners behind it are among those of later rules.
        for (std::size_t b = 0; b < to_.none(); ++b)
          if (!to_has_partner[b]) settle(a, b);
        for (std::size_t c = a + 1; c < from_.none(); ++c)
          if (partners[c] != kNoPartner) settle(a, partners[c]);
        settle(a, to_.none());
      }
    }
    return std::move(out_);
  }

 private:
  // Two cases at once, and what became of the search.
  struct Pair {
    std::size_t from = 0;
    std::size_t to = 0;
    bool same_seen = false;  // a request came to these rules and made no difference
    std::string why;         // something could not be told
  };

  void settle(std::size_t a, std::size_t b) {
    if (a != from_.none() && b != to_.none() && are_same_outcome(*from_.rule(a), *to_.rule(b)))
      return;
    if (out_.differences.size() >= limits_.differences || limits_.time_is_up()) {
      out_.in_time = false;
      return;
    }
    if (known_.contains({a, b})) return;
    Pair pair{.from = a, .to = b};
    for (const IdCases* cases : {&from_.cases(a), &to_.cases(b)})
      if (!cases->not_analysed.empty()) pair.why = cases->not_analysed;
    for (const IdCase& of_a : from_.cases(a).cases)
      for (const IdCase& of_b : to_.cases(b).cases)
        if (may_share_ids(of_a, of_b) && search(pair, of_a, of_b)) return;
    if (!pair.why.empty()) {
      if (out_.not_analysed++ == 0) out_.why_not = pair.why;
    } else if (pair.same_seen) {
      ++out_.only_tried;
    }
  }

  // Looks for an ID that both cases accept, and no rule before them; true where a request with it
  // shows that the pair differs.
  bool search(Pair& pair, const IdCase& a, const IdCase& b) {
    if (exclude_each_other(a, b)) return false;
    IdSet ids = a.ids;
    ids.insert(ids.end(), b.ids.begin(), b.ids.end());
    std::vector<FieldDemand> demands = a.demands;
    demands.insert(demands.end(), b.demands.begin(), b.demands.end());
    std::vector<const IdSet*> others;
    std::deque<IdSet> left_out;
    for (int tried = 0; tried < kMaxIds;) {
      const ShortestId found = cache_.search(ids, others, limits_.time_is_up);
      if (found.result == ShortestId::Result::None) return false;
      if (found.result != ShortestId::Result::Found) {
        pair.why = found.result == ShortestId::Result::TooLarge
                       ? "their registration IDs take too many states"
                       : "time was up while they were looked at";
        return false;
      }
      const IdCase* cover = from_.cover_of(pair.from, found.id, demands);
      if (cover == nullptr) cover = to_.cover_of(pair.to, found.id, demands);
      if (cover != nullptr) {
        if (others.size() == kMaxCovers || limits_.time_is_up()) {
          pair.why = "too many rules before them share their IDs";
          return false;
        }
        others.push_back(&cover->ids);
        continue;
      }
      ++tried;
      if (ask(pair, found.id, demands)) return true;
      const auto& just_this = cache_.automaton_of(found.id);
      left_out.push_back({{just_this.automaton, false, just_this.number}});
      others.push_back(&left_out.back());
    }
    return false;
  }

  bool ask(Pair& pair, const std::string& id, const std::vector<FieldDemand>& demands) {
    const auto fields = fields_that_meet(demands);
    if (!fields) {
      pair.why = "no request was found that holds their other matchers";
      return false;
    }
    bool reached = false;
    int bodies = kMaxBodies;
    const bool differs = try_fields(pair, id, *fields, demands, {}, bodies, reached);
    if (reached) pair.same_seen = true;
    if (!differs && !reached) pair.why = "no request was found that reaches them";
    return differs;
  }

  // Who decides a request, with both sets.
  using Deciders = std::pair<std::size_t, std::size_t>;

  // Goes on from rule to rule, until the pair decides. Values that come no further than `before`
  // are left alone: they would only be tried over and over.
  bool try_fields(const Pair& pair, const std::string& id, const MadeFields& fields,
                  const std::vector<FieldDemand>& demands, const std::optional<Deciders>& before,
                  int& bodies, bool& reached) {
    if (bodies-- <= 0) return false;
    auto made = made_body(id, fields);
    if (!made) return false;
    (*made)["linkedHubs"] = hubs_;
    const std::string body = made->dump();
    const Answer from = from_.answer_to(body);
    const Answer to = to_.answer_to(body);
    const std::size_t a = from_.decider(from);
    const std::size_t b = to_.decider(to);
    const Change change = change_between(from.decision, to.decision);
    // Whoever decided: a difference is one.
    if (change != Change::None && known_.insert({a, b}).second)
      out_.differences.push_back({from_.rule(a), to_.rule(b), change, id, body});
    if (a == pair.from && b == pair.to) {
      reached = true;
      return change != Change::None;
    }
    if (a > pair.from || b > pair.to) return false;
    const Deciders here(a, b);
    if (before && (a < before->first || b < before->second || here == *before)) return false;
    // A rule before them asks something of other fields: values that it does not want.
    const IdCases& theirs = a < pair.from ? from_.cases(a) : to_.cases(b);
    for (const IdCase& id_case : theirs.cases)
      for (const FieldDemand& demand : id_case.demands) {
        const auto given = on_same_field(demands, demand);
        for (auto& value :
             values_that_meet(*demand.field, given, on_same_field(id_case.demands, demand))) {
          if (fields.contains(*demand.field) && fields.at(*demand.field) == value) continue;
          MadeFields changed = fields;
          changed[*demand.field] = std::move(value);
          if (try_fields(pair, id, changed, demands, here, bodies, reached)) return true;
          if (reached || bodies <= 0) return false;
        }
      }
    return false;
  }

  static std::vector<FieldDemand> on_same_field(const std::vector<FieldDemand>& demands,
                                                const FieldDemand& demand) {
    std::vector<FieldDemand> out;
    std::copy_if(demands.begin(), demands.end(), std::back_inserter(out),
                 [&](const FieldDemand& other) { return other.slot == demand.slot; });
    return out;
  }

  const RuleSet& from_rules_;
  const RuleSet& to_rules_;
  const std::vector<std::string>& hubs_;
  const MeaningLimits& limits_;
  ReachabilityCache cache_;
  std::map<std::string, std::size_t> slots_;
  Side from_;
  Side to_;
  std::set<std::pair<std::size_t, std::size_t>> known_;  // pairs that differ
  MeaningComparison out_;
};

}  // namespace

MeaningComparison compare_meaning(const RuleSet& from, const RuleSet& to,
                                  const std::vector<std::string>& linked_hubs,
                                  const MeaningLimits& limits) {
  return Comparison(from, to, linked_hubs, limits).run();
}

}  // namespace allocd
