// What two rule sets mean, held against each other without a recorded request: for each pair of
// rules whose devices would notice, an ID that shows it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "analysis/decision_change.h"
#include "policy/rule_set.h"

namespace allocd {

// A request that shows it. Rules are null where none decides.
struct MeaningDifference {
  const Rule* from = nullptr;
  const Rule* to = nullptr;
  Change change = Change::None;
  std::string registration_id;
  std::string body;
};

struct MeaningComparison {
  std::vector<MeaningDifference> differences;
  // Pairs of rules with the same answers to all requests that were tried, which is no proof.
  std::size_t only_tried = 0;
  // Pairs that may decide the same device, and for which no request was found.
  std::size_t not_analysed = 0;
  std::string why_not;  // of the first of them
  bool in_time = true;  // false: further pairs were not looked at

  // Whether there is proof that no valid ID makes a difference, with the hubs that were given.
  bool is_proven_same() const {
    return differences.empty() && only_tried == 0 && not_analysed == 0 && in_time;
  }
};

struct MeaningLimits {
  std::function<bool()> time_is_up = [] { return false; };
  std::size_t differences = 1000;  // how many to look for
};

// Each difference is confirmed by deciding its request with both sets; it is linked to
// `linked_hubs`.
MeaningComparison compare_meaning(const RuleSet& from, const RuleSet& to,
                                  const std::vector<std::string>& linked_hubs,
                                  const MeaningLimits& limits);

}  // namespace allocd
