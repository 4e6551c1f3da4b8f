// What the analyses of one rule set after another share: automata of operators and the IDs found
// with them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/id_language.h"

namespace allocd {

// What of an analysis can be used again by the next one: automata, and IDs that were searched for.
// Found by what the rules say, letter for letter, wherever they stand. For one analysis at a time.
class ReachabilityCache {
 public:
  ReachabilityCache() = default;
  ReachabilityCache(const ReachabilityCache&) = delete;
  ReachabilityCache& operator=(const ReachabilityCache&) = delete;

  // From now on only what is asked for again is kept.
  void begin();
  // The automaton of an operator on the ID; null where it has none, and `why_not`. `text` says all
  // of the operator.
  std::shared_ptr<IdAutomaton> automaton_of(const CompiledOperator& op, const std::string& text,
                                            std::string& why_not);
  // As shortest_id().
  ShortestId search(const IdSet& set, const std::vector<const IdSet*>& others);

  // How many searches since begin() were not remembered.
  std::size_t searches() const { return searches_; }

 private:
  struct Known {
    std::shared_ptr<IdAutomaton> automaton;
    std::string why_not;
  };
  std::unordered_map<std::string, Known> automata_, automata_before_;
  std::unordered_map<std::string, ShortestId> found_, found_before_;
  std::size_t searches_ = 0;
};

}  // namespace allocd
