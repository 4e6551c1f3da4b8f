// What the analyses of one rule set after another share: automata of operators and the IDs found
// with them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "analysis/id_language.h"

namespace allocd {

// What of an analysis can be used again by the next one: automata, and IDs that were searched for.
// Found by what the rules say, letter for letter, wherever they stand. For one analysis at a time.
class ReachabilityCache {
 public:
  struct Known {
    std::shared_ptr<IdAutomaton> automaton;  // null where there is none
    std::string why_not;
    std::size_t number = 0;  // equal numbers are equal sets
  };

  ReachabilityCache() = default;
  ReachabilityCache(const ReachabilityCache&) = delete;
  ReachabilityCache& operator=(const ReachabilityCache&) = delete;

  // From now on only what is asked for again is kept.
  void begin();
  // Of an operator on the ID (never `not`). Valid until the next begin().
  const Known& automaton_of(const CompiledOperator& op);
  // Of just this ID, letter for letter.
  const Known& automaton_of(const std::string& id);
  // As shortest_id(), of conditions with numbers of this cache.
  ShortestId search(const IdSet& set, const std::vector<const IdSet*>& others,
                    const std::function<bool()>& time_is_up);

  // How many searches since begin() were not remembered.
  std::size_t searches() const { return searches_; }

 private:
  using Key = std::vector<std::size_t>;
  struct HashOfKey {
    std::size_t operator()(const Key& key) const;
  };
  using Found = std::unordered_map<Key, ShortestId, HashOfKey>;

  const Known& known(const std::string& text,
                     const std::function<std::variant<IdAutomaton, NotAnalysed>()>& make);

  std::unordered_map<std::string, Known> automata_, automata_before_;  // by what is asked, in words
  Found found_, found_before_;                                         // by numbers
  std::size_t last_number_ = 0;
  std::size_t searches_ = 0;
};

}  // namespace allocd
