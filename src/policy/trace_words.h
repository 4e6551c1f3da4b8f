// What a trace tells, in words: a line for a person who wants to know why a rule did not match.
#pragma once

#include <string>

#include "policy/trace.h"

namespace allocd {

// A value as JSON in one line, harmless to a terminal, cut where it is long.
std::string compact(const Json& json);

// The value that a matcher saw, or "nothing", and why that is.
std::string value_seen(const MatcherTrace& matcher);

// Of a rule that did not match: what failed first, with the value that it saw. One line.
std::string why_not(const RuleTrace& rule);

}  // namespace allocd
