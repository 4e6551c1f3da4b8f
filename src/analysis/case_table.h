// The cases of a set's rules as sets of IDs, made when they are first asked for; and which case
// takes an ID.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/made_request.h"
#include "analysis/reachability_cache.h"
#include "analysis/rule_cases.h"
#include "policy/rule_set.h"

namespace allocd {

// A case of a rule, with all the IDs of it. All of it must hold.
struct IdCase {
  std::vector<FieldDemand> demands;  // on other fields
  IdSet ids;
  // What every ID of it begins with, letters folded.
  std::string prefix;
  // Why some matcher is left out, so that the case is wider than the rule; empty where none is.
  std::string left_out;
};

struct IdCases {
  std::vector<IdCase> cases;  // the rule matches where any case does
  std::string not_analysed;   // as RuleCases
};

// The cases of one rule. Valid as long as the rule, and as the cache until its next begin().
IdCases id_cases_of(const Rule& rule, ReachabilityCache& cache);

// Whether some ID may begin as the IDs of both do.
bool may_share_ids(const IdCase& a, const IdCase& b);

// Whether no request meets the demands of both, as far as that is easily seen.
bool exclude_each_other(const IdCase& a, const IdCase& b);

// A case of an earlier rule.
struct Cover {
  std::size_t rule = 0;
  const IdCase* id_case = nullptr;
};

class CaseTable {
 public:
  // Both must outlive it.
  CaseTable(const RuleSet& rules, ReachabilityCache& cache)
      : rules_(rules), cache_(cache), made_(rules.rules().size()) {}

  // Valid as long as the table.
  const IdCases& of(std::size_t rule);

  // What rules see of `fields`, which meet the demands, whatever the ID is.
  FieldValues values_of(const std::vector<FieldDemand>& demands, const MadeFields& fields) const;

  // The case of a rule before `rule` that takes the valid ID `id`, whatever else is in a request
  // that meets the demands. Of several the one whose IDs begin with less: it takes more. `values`
  // are any that meet the demands; without them all rules before are looked at.
  std::optional<Cover> cover_of(std::size_t rule, const std::vector<FieldDemand>& demands,
                                const std::string& id, std::optional<FieldValues>& values);

 private:
  std::vector<std::size_t> rules_before(std::size_t rule, const std::string& id,
                                        std::optional<FieldValues>& values) const;

  const RuleSet& rules_;
  ReachabilityCache& cache_;
  std::vector<std::unique_ptr<IdCases>> made_;  // by rule
};

}  // namespace allocd
