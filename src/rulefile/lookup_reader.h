// The `lookups` of a rule file.
#pragma once

#include "diagnostics/diagnostic.h"
#include "policy/rule_spec.h"

namespace allocd {

// Reads one lookup; its table is not opened here. What is missing or has the wrong form is reported
// and stays empty: [wrong-type], [missing-key], [unknown-key], and a table whose name does not tell
// what it is [bad-value].
LookupSpec read_lookup(const LocatedMember& written, Diagnostics& diagnostics);

}  // namespace allocd
