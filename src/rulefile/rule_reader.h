// One rule of a rule file.
#pragma once

#include <string>

#include "diagnostics/diagnostic.h"
#include "policy/rule_spec.h"

namespace allocd {

// Reads a rule; `product_line` is that of its file. A rule that lacks what it must have is
// reported and comes back with something in its place, so that the rest of it is checked too.
RuleSpec read_rule(const LocatedValue& value, const std::string& product_line,
                   Diagnostics& diagnostics);

// An initial twin. `template` is read where `may_name_template`: a template names no other.
TwinSpec read_twin(const LocatedValue& value, const std::string& what, bool may_name_template,
                   Diagnostics& diagnostics);

}  // namespace allocd
