// Which rules can never decide, as proofs; which ID reaches each of the others; and where the
// order of two rules matters. Everything is about valid registration IDs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/id_language.h"
#include "diagnostics/diagnostic.h"
#include "policy/rule_set.h"

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

struct RuleReach {
  enum class Status { Reachable, Unreachable, NotAnalysed } status = Status::NotAnalysed;
  // Of Reachable: an ID with which the engine lets this rule decide; the shortest that could be
  // confirmed.
  std::string registration_id;
  // Of Unreachable: positions of the rules that take every ID of it. None where no valid ID holds
  // its matchers.
  std::vector<std::size_t> covered_by;
  // Of NotAnalysed.
  std::string why;
};

// "reachable", "unreachable", "not analysed".
std::string_view status_name(RuleReach::Status status);

// An ID that two rules accept in one request, which the first of them decides.
struct Overlap {
  std::size_t first = 0;
  std::size_t second = 0;
  std::string registration_id;
};

struct Reachability {
  std::vector<RuleReach> rules;  // in the order of the set
  std::vector<Overlap> overlaps;
  // Pairs of rules that may overlap and are not in the list: too many, too late, or no request was
  // found that shows it.
  std::size_t overlaps_left_out = 0;
  // How many rules time was enough for.
  std::size_t rules_in_time = 0;

  std::size_t count(RuleReach::Status status) const;
};

struct ReachabilityLimits {
  std::function<bool()> time_is_up = [] { return false; };  // rules behind are not analysed
  std::size_t overlaps = 0;                                 // how many to look for
};

// Each Unreachable is proven, and each ID is confirmed by deciding a request with `rules`. What is
// neither is NotAnalysed.
Reachability analyse_reachability(const RuleSet& rules, ReachabilityCache& cache,
                                  const ReachabilityLimits& limits);

// Warns of what can never decide [unreachable-rule]. `names` says where the names of the rules
// stand; where it is empty, only their source is named.
void report_unreachable(const RuleSet& rules, const Reachability& reachability,
                        const std::vector<SourceRange>& names, Diagnostics& diagnostics);

}  // namespace allocd
