// Reading a file of rules or settings whole.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace allocd {

// The largest file that is read.
constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;

// The text of a regular file; else nothing, and `why` says the reason as the system words it. Never
// waits, as opening a pipe would.
std::optional<std::string> read_text_file(const std::string& path, std::string& why);

}  // namespace allocd
