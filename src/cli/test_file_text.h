// Suggested tests as a test file that a person reads before keeping it, or as JSON.
#pragma once

#include <iosfwd>
#include <string_view>

#include "analysis/suggest_tests.h"

namespace allocd {

// `text` as YAML: bare where it can be nothing but a text, else in quotes.
std::string yaml_text(std::string_view text);

// A test file: what it is, the tests, and a comment on each rule without one.
void print_test_file(const SuggestedTests& suggested, const RuleSet& rules, std::ostream& out);

// Adds `"suggestions"`, the tests, each with its own hubs; `"notSuggested"`, rules and why they
// have none; and `"leftOut"`, how many rules more would have had some.
void add_suggestions(const SuggestedTests& suggested, const RuleSet& rules, Json& out);

}  // namespace allocd
