#include "analysis/case_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace allocd {
namespace {

IdCase with_ids(RuleCase rule_case, ReachabilityCache& cache) {
  IdCase out{.demands = std::move(rule_case.demands), .ids = {}, .prefix = {}, .left_out = {}};
  for (const FieldDemand& demand : rule_case.on_id) {
    const auto& known = cache.automaton_of(*demand.op);
    if (known.automaton == nullptr) {
      if (out.left_out.empty()) out.left_out = known.why_not;
      continue;
    }
    out.ids.push_back({known.automaton, demand.negated, known.number});
    if (!demand.negated && known.automaton->prefix().size() > out.prefix.size())
      out.prefix = known.automaton->prefix();
  }
  return out;
}

bool denies(const IdCase& given, const IdCase& other) {
  return std::any_of(other.demands.begin(), other.demands.end(), [&](FieldDemand demand) {
    demand.negated = !demand.negated;
    return implies(given.demands, demand);
  });
}

}  // namespace

IdCases id_cases_of(const Rule& rule, ReachabilityCache& cache) {
  RuleCases apart = cases_of(rule);
  IdCases out;
  out.not_analysed = std::move(apart.not_analysed);
  for (RuleCase& rule_case : apart.cases)
    out.cases.push_back(with_ids(std::move(rule_case), cache));
  return out;
}

bool may_share_ids(const IdCase& a, const IdCase& b) {
  return a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
}

bool exclude_each_other(const IdCase& a, const IdCase& b) { return denies(a, b) || denies(b, a); }

const IdCases& CaseTable::of(std::size_t rule) {
  auto& made = made_[rule];
  if (made == nullptr) made = std::make_unique<IdCases>(id_cases_of(rules_.rules()[rule], cache_));
  return *made;
}

FieldValues CaseTable::values_of(const std::vector<FieldDemand>& demands,
                                 const MadeFields& fields) const {
  FieldValues out(rules_.fields().slots());
  for (const FieldDemand& demand : demands) {
    // Another name of the same field has no entry of its own.
    const auto value = fields.find(*demand.field);
    if (value != fields.end() && value->second)
      out.set(demand.slot, Value(out.keep(*value->second)));
  }
  return out;
}

std::vector<std::size_t> CaseTable::rules_before(std::size_t rule, const std::string& id,
                                                 std::optional<FieldValues>& values) const {
  std::vector<std::size_t> out;
  if (!values) {
    out.resize(rule);
    std::iota(out.begin(), out.end(), std::size_t{0});
    return out;
  }
  values->set(FieldTable::kRegistrationId, Value(std::string_view(id)));
  // A rule that takes the ID in every such request takes it in this one: the index knows it.
  auto candidates = rules_.index().candidates(*values);
  for (auto next = candidates.next(); next && *next < rule; next = candidates.next())
    out.push_back(*next);
  return out;
}

std::optional<Cover> CaseTable::cover_of(std::size_t rule, const std::vector<FieldDemand>& demands,
                                         const std::string& id,
                                         std::optional<FieldValues>& values) {
  std::optional<Cover> best;
  for (const std::size_t before : rules_before(rule, id, values)) {
    if (!takes_all(rules_.rules()[before])) continue;
    for (const IdCase& id_case : of(before).cases) {
      if (best && best->id_case->prefix.size() <= id_case.prefix.size()) continue;
      if (id_case.left_out.empty() &&
          std::all_of(id_case.demands.begin(), id_case.demands.end(),
                      [&](const FieldDemand& demand) { return implies(demands, demand); }) &&
          holds(id_case.ids, id) == Membership::Yes)
        best = {before, &id_case};
    }
  }
  return best;
}

}  // namespace allocd
