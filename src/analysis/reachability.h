// Which rules can never decide, as proofs; which ID reaches each of the others; and where the
// order of two rules matters. Everything is about valid registration IDs.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/made_request.h"
#include "analysis/reachability_cache.h"
#include "policy/rule_set.h"

namespace allocd {

struct RuleReach {
  enum class Status { Reachable, Unreachable, NotAnalysed } status = Status::NotAnalysed;
  // Of Reachable: an ID with which the engine lets this rule decide; the shortest that could be
  // confirmed, if asked for.
  std::string registration_id;
  // Values of other fields with which it does, if asked for.
  MadeFields fields;
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
  // Whether each Reachable comes with the shortest ID; otherwise with any, which is sooner found.
  bool shortest_ids = true;
  bool fields = false;  // whether each Reachable comes with the other fields of its request
};

// Each Unreachable is proven, and each ID is confirmed by deciding a request with `rules`. What is
// neither is NotAnalysed.
Reachability analyse_reachability(const RuleSet& rules, ReachabilityCache& cache,
                                  const ReachabilityLimits& limits);

}  // namespace allocd
