// What commands print: for people on a terminal, or JSON for scripts.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "analysis/reachability.h"
#include "policy/rule_set.h"
#include "rulefile/load_rules.h"

namespace allocd {

// Whether ANSI colours are welcome on a stream: a terminal, and NO_COLOR is not set
// (https://no-color.org).
bool wants_colour(int file_descriptor);

// Says on stderr what is wrong with a command line; returns kWrongUsage.
int wrong_usage(std::string_view command, const std::string& message);

// Every diagnostic as a person reads it, with a line about what was left out.
void print_diagnostics(const Diagnostics& diagnostics, bool colour, std::ostream& out);

// `{"ok", "files", "rules", "revision", "diagnostics": […]}`.
Json diagnostics_json(const LoadedRules& loaded);

// Adds `"witnesses"` and `"overlaps"` to it.
void add_witnesses(const RuleSet& rules, const Reachability& reachability, Json& out);

// The same for a person: a line for each rule, and for each pair that overlaps.
void print_witnesses(const RuleSet& rules, const Reachability& reachability, std::ostream& out);

}  // namespace allocd
