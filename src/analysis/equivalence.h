// Changes to a rule set that change no decision, as proofs. Everything is about valid registration
// IDs.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "analysis/case_table.h"
#include "analysis/reachability_cache.h"
#include "policy/rule_set.h"

namespace allocd {

// Each question is answered with true only where it is proven, and with false also where that would
// take too much or `time_is_up`. For one thread at a time; valid as long as the rules.
class Equivalence {
 public:
  Equivalence(const RuleSet& rules, std::function<bool()> time_is_up)
      : rules_(rules.rules()), time_is_up_(std::move(time_is_up)), cases_(rules, cache_) {}

  // Whether every request that the rule accepts is taken by those before it.
  bool never_decides(std::size_t rule);
  // Whether no request that `first` and `second` both accept gets past the rules before `first`.
  bool share_nothing(std::size_t first, std::size_t second);
  // Whether every request that `wider` accepts is accepted by `rule`, or taken by those before it.
  // `wider` may stand anywhere.
  bool accepts_no_more(std::size_t wider, std::size_t rule);

 private:
  bool is_taken(const IdCase& wanted, std::size_t before, std::optional<std::size_t> also);
  const IdCase* cover_of(const IdCase& wanted, const std::string& id, std::size_t rule);

  static constexpr std::size_t kMaxCovers = 64;

  const std::vector<Rule>& rules_;
  std::function<bool()> time_is_up_;
  ReachabilityCache cache_;
  CaseTable cases_;
};

}  // namespace allocd
