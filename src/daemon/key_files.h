// Reads the webhook's keys, each from a file of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/webhook_keys.h"
#include "diagnostics/diagnostic.h"

namespace allocd {

// One key a file, white space around it does not count. What is wrong with any of the files is
// reported, [unreadable-file] and [bad-key], and then nothing comes back; that others may read a
// file is a warning [exposed-key]. No message has anything of a file's content. No paths, no keys.
std::shared_ptr<const WebhookKeys> load_webhook_keys(const std::vector<std::string>& paths,
                                                     Diagnostics& diagnostics);

}  // namespace allocd
