// `allocd diff` without recorded requests.
#pragma once

#include "cli/commands.h"
#include "rulefile/load_rules.h"

namespace allocd {

// Prints for each pair of rules that decide some device differently an ID that shows it; returns an
// exit code. Both sets are good ones.
int diff_meaning(const DiffOptions& options, const LoadedRules& from, const LoadedRules& to);

}  // namespace allocd
