// Reads keys, each from a file of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/webhook_keys.h"
#include "diagnostics/diagnostic.h"

namespace allocd {

// The one key that a file holds; white space around it does not count. What is wrong is reported:
// [unreadable-file] and [bad-key], and then nothing comes back; that others may read the file is a
// warning [exposed-key]. No message has anything of the content.
std::optional<std::string> read_key_file(const std::string& path, Diagnostics& diagnostics);

// The same of a text that came another way, named `from`.
std::optional<std::string> key_in(std::string_view text, const std::string& from,
                                  Diagnostics& diagnostics);

// The webhook's keys, of all files. Nothing where any of them is unusable. No paths, no keys.
std::shared_ptr<const WebhookKeys> load_webhook_keys(const std::vector<std::string>& paths,
                                                     Diagnostics& diagnostics);

}  // namespace allocd
