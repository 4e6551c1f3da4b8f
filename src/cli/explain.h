// A decision and the way to it, for people.
#pragma once

#include <iosfwd>
#include <string_view>

#include "policy/trace.h"
#include "webhook/answer.h"

namespace allocd {

// The rules that were tried, in order: a line for each that did not match, with what failed first
// and the value that it saw; those that matched whole, with captures and what came of the hub.
// With `colour`, ANSI colours are added.
void print_trace(const Trace& trace, bool colour, std::ostream& out);

// The decision on the request `body`, with what DPS makes of it and of the twin.
void print_decision(const Answer& answer, std::string_view body, bool colour, std::ostream& out);

}  // namespace allocd
