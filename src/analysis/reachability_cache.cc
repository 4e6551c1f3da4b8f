#include "analysis/reachability_cache.h"

#include <utility>
#include <variant>

namespace allocd {

void ReachabilityCache::begin() {
  automata_before_ = std::exchange(automata_, {});
  found_before_ = std::exchange(found_, {});
  searches_ = 0;
}

std::shared_ptr<IdAutomaton> ReachabilityCache::automaton_of(const CompiledOperator& op,
                                                             const std::string& text,
                                                             std::string& why_not) {
  auto place = automata_.find(text);
  if (place == automata_.end()) {
    Known known;
    if (const auto before = automata_before_.find(text); before != automata_before_.end()) {
      known = before->second;
    } else {
      auto made = ids_of(op);
      if (auto* reason = std::get_if<NotAnalysed>(&made)) {
        known.why_not = std::move(reason->reason);
      } else {
        known.automaton = std::make_shared<IdAutomaton>(std::get<IdAutomaton>(std::move(made)));
      }
    }
    place = automata_.emplace(text, std::move(known)).first;
  }
  why_not = place->second.why_not;
  return place->second.automaton;
}

ShortestId ReachabilityCache::search(const IdSet& set, const std::vector<const IdSet*>& others) {
  // Operators are JSON without line breaks.
  std::string key;
  for (const IdCondition& condition : set) key += condition.text + '\n';
  for (const IdSet* other : others) {
    key += '\n';
    for (const IdCondition& condition : *other) key += condition.text + '\n';
  }
  if (const auto known = found_.find(key); known != found_.end()) return known->second;
  ShortestId out;
  if (const auto before = found_before_.find(key); before != found_before_.end()) {
    out = before->second;
  } else {
    ++searches_;
    out = shortest_id(set, others);
  }
  found_.emplace(std::move(key), out);
  return out;
}

}  // namespace allocd
