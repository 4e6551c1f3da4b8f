// The daemon's own log: what it does, and what is wrong with what it was given to read.
#pragma once

#include <string>
#include <string_view>

#include <spdlog/common.h>

#include "daemon/log_format.h"
#include "diagnostics/diagnostic.h"

namespace allocd {

// From now on spdlog writes to stderr, lines of `level` and above, or to the journal in their
// place. Where there is no journal to be found, plain lines tell so. A log that cannot be written,
// or that nobody reads, keeps nobody from going on: a thread of its own, started here, writes it.
void log_to_stderr(const std::string& level, LogFormat format = LogFormat::Auto);

// Waits until what was logged is written, for half a second at most: before the process ends, or
// something else writes to stderr.
void flush_log();

// Each mistake as a line of its own.
void log(const Diagnostics& diagnostics);

// An event with what is to be told about it, as the format has it. Through spdlog: a logger that is
// not log_to_stderr()'s gets the plain line. Never throws; for any thread. Whether it will be
// written, before the fields are made, says spdlog::should_log().
void log_event(spdlog::level::level_enum level, std::string_view message,
               const LogFields& fields) noexcept;

}  // namespace allocd
