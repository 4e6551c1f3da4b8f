// The running daemon: from rules in memory to a clean end.
#pragma once

#include <memory>

#include "daemon/config.h"
#include "policy/rule_set.h"

namespace allocd {

// The exit code of a daemon that could not start: systemd's and sysexits' "configuration error".
constexpr int kCannotStart = 78;

// Serves until SIGTERM or SIGINT, then finishes what is in flight and returns 0. Returns
// kCannotStart where a key file is of no use or an address cannot be listened on, said on stderr.
// To be called before any thread exists: it blocks those signals for all of them.
int serve(const Config& config, std::shared_ptr<const RuleSet> rules);

}  // namespace allocd
