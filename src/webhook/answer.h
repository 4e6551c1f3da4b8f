// The whole lower river in one function. Everything that decides calls it, so that no tool can
// disagree with the daemon.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/decide.h"
#include "policy/rule_set.h"
#include "webhook/reply.h"

namespace allocd {

struct Answer {
  Decision decision;  // valid as long as the rule set
  Reply reply;
  // Who asked, letters as received, where the body was a request and said so.
  std::optional<std::string> registration_id;
};

// A malformed body is a decision too: rejected, by no rule.
Answer answer(const RuleSet& rules, std::string_view body, Moment now, Trace* trace = nullptr);

}  // namespace allocd
