// A rule file's tree in, rules as written out.
#pragma once

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/rule_spec.h"

namespace allocd {

// Parses `file` and appends what it says to `set`. Reports every mistake of form; where the file is
// no YAML map at all, so that its templates and lookups are not
// known, `set.complete` becomes false.
void parse_rule_file(const SourceFile& file, RuleSetSpec& set, Diagnostics& diagnostics);

}  // namespace allocd
