// `allocd dry-run --suggest`: tests to begin with, for rules that no test reaches.
#pragma once

#include "cli/commands.h"

namespace allocd {

// Prints them, and returns an exit code. Of the paths those that `allocd test` would take for tests
// are read as such.
int suggest_for(const DryRunOptions& options);

}  // namespace allocd
