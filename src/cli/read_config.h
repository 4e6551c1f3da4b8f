// The daemon's configuration, for commands that are given its file.
#pragma once

#include <optional>
#include <string>

#include "daemon/config.h"

namespace allocd {

// Of the file at `path`, whose text goes to `text`; all defaults where `path` is empty. What is
// wrong is said on stderr, and then nothing comes back.
std::optional<Config> read_config(const std::string& path, std::string& text);

}  // namespace allocd
