#include "analysis/reachability_cache.h"

#include <utility>

namespace allocd {

void ReachabilityCache::begin() {
  automata_before_ = std::exchange(automata_, {});
  found_before_ = std::exchange(found_, {});
  searches_ = 0;
}

const ReachabilityCache::Known& ReachabilityCache::known(
    const std::string& text, const std::function<std::variant<IdAutomaton, NotAnalysed>()>& make) {
  if (const auto place = automata_.find(text); place != automata_.end()) return place->second;
  Known out;
  if (const auto before = automata_before_.find(text); before != automata_before_.end()) {
    out = before->second;
  } else {
    auto made = make();
    if (auto* reason = std::get_if<NotAnalysed>(&made)) {
      out.why_not = std::move(reason->reason);
    } else {
      out.automaton = std::make_shared<IdAutomaton>(std::get<IdAutomaton>(std::move(made)));
    }
    // INVARIANT: no number is given twice, so that what was found before is found by no other set.
    out.number = ++last_number_;
  }
  return automata_.emplace(text, std::move(out)).first->second;
}

const ReachabilityCache::Known& ReachabilityCache::automaton_of(const CompiledOperator& op) {
  const std::string text =
      std::string(operator_name(op.op)) + (op.ignore_case ? " " : " = ") + op.operand.dump();
  return known(text, [&] { return ids_of(op); });
}

const ReachabilityCache::Known& ReachabilityCache::automaton_of(const std::string& id) {
  return known("equals = " + Json(id).dump(), [&] { return just_this_id(id); });
}

std::size_t ReachabilityCache::HashOfKey::operator()(const Key& key) const {
  std::size_t hash = key.size();
  for (const std::size_t number : key) hash = (hash ^ number) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

ShortestId ReachabilityCache::search(const IdSet& set, const std::vector<const IdSet*>& others,
                                     const std::function<bool()>& time_is_up) {
  constexpr std::size_t kNextSet = 0;  // no condition's
  Key key;
  const auto add = [&](const IdSet& added) {
    for (const IdCondition& condition : added)
      key.push_back(2 * condition.number + (condition.negated ? 1 : 0));
  };
  add(set);
  for (const IdSet* other : others) {
    key.push_back(kNextSet);
    add(*other);
  }
  if (const auto known = found_.find(key); known != found_.end()) return known->second;
  ShortestId out;
  if (const auto before = found_before_.find(key); before != found_before_.end()) {
    out = before->second;
  } else {
    ++searches_;
    out = shortest_id(set, others, time_is_up);
    if (out.result == ShortestId::Result::TimeIsUp) return out;
  }
  found_.emplace(std::move(key), out);
  return out;
}

}  // namespace allocd
