// Why a request was decided as it was: the rules that were tried, in lines for an operator.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/redaction.h"
#include "policy/rule_set.h"

namespace allocd {

struct TriedRules {
  std::size_t count = 0;  // rules that were tried
  // Those that did not decide though most of their matchers held, the nearest first: whoever looks
  // for a device that should have been allocated finds here what is in the way. At most 3.
  std::vector<std::string> nearest;
  // `NAME (SOURCE): no, WHAT FAILED`, in order, the last one decided if any did. Of a long list the
  // first 5 and the last 20, and between them how many are left out.
  std::vector<std::string> lines;
};

// Decides on `body` again, as it was at `at`. Redacted. Takes some microseconds for each rule of
// the set.
TriedRules tried_rules(const RuleSet& rules, std::string_view body, Moment at,
                       const Redaction& redaction);

}  // namespace allocd
