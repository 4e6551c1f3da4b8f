// What was tried on the way to a decision, for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/located_value.h"

namespace allocd {

struct Rule;

// One matcher that was tried.
struct MatcherTrace {
  std::string field;  // as written: `payload.model`; empty for `all` and `any`, and `not` of a map
  std::string op;     // `contains`, `not`, `all` …
  Json operand;       // what the value was held against; null for `all`, `any`, `not`
  Json saw;           // the value in the request; null where there was none
  bool present = false;    // whether there was a value
  std::string why_absent;  // why there was none, where that is worth a word
  bool held = false;
  std::vector<MatcherTrace> parts;  // of `all`, `any` and `not`
};

// One rule that was tried.
struct RuleTrace {
  const Rule* rule = nullptr;
  bool matched = false;
  std::string rollout;                 // where the device stands in the rule's rollout, in words
  std::vector<MatcherTrace> matchers;  // up to the one that settled it
  std::vector<std::pair<std::string, std::string>> captures;
  std::vector<std::string> notes;  // what came of the hub, in words
  // Of one that matched and allocates: which of its hub patterns gave the candidates.
  std::optional<std::size_t> hub_pattern;
  bool no_hub = false;  // nothing came of the hub, and `onNoHub` says what now
};

using Trace = std::vector<RuleTrace>;

}  // namespace allocd
