// The daemon's own log: what it does, and what is wrong with what it was given to read.
#pragma once

#include <string>

#include "diagnostics/diagnostic.h"

namespace allocd {

// From now on spdlog writes lines to stderr, those of `level` and above.
void log_to_stderr(const std::string& level);

// Each mistake as a line of its own.
void log(const Diagnostics& diagnostics);

}  // namespace allocd
