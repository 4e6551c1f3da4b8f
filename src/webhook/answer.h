// The whole lower river in one function. Everything that decides calls it, so that no tool can
// disagree with the daemon.
#pragma once

#include <optional>
#include <string_view>

#include "policy/decide.h"
#include "policy/rule_set.h"
#include "webhook/reply.h"

namespace allocd {

struct Answer {
  Decision decision;  // valid as long as the rule set
  Reply reply;
  // What was asked, where the body was a request at all.
  std::optional<AllocationRequest> request;
};

// A malformed body is a decision too: rejected, by no rule.
Answer answer(const RuleSet& rules, std::string_view body, Moment now, Trace* trace = nullptr);

}  // namespace allocd
