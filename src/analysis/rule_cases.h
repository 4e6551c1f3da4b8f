// A rule's matchers taken apart: the cases in which it matches, each a list of demands.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analysis/implication.h"
#include "policy/rule_set.h"

namespace allocd {

// All of it must hold.
struct RuleCase {
  std::vector<FieldDemand> on_id;    // on the registration ID
  std::vector<FieldDemand> demands;  // on other fields
};

struct RuleCases {
  std::vector<RuleCase> cases;  // the rule matches where any case does
  // Where there are too many: none of them is there, and this says so.
  std::string not_analysed;

  static constexpr std::size_t kMaxCases = 128;
};

// Valid as long as the rule is.
RuleCases cases_of(const Rule& rule);

// Whether a device that the rule matches is decided on by it, whatever hubs there are.
bool takes_all(const Rule& rule);

}  // namespace allocd
