// The running daemon: from rules in memory to a clean end.
#pragma once

#include <string>

#include "daemon/config.h"
#include "rulefile/load_rules.h"

namespace allocd {

// The exit code of a daemon that could not start: systemd's and sysexits' "configuration error".
constexpr int kCannotStart = 78;

struct ServeWith {
  Config config;
  std::string config_file;  // where that was read; empty: nowhere
  std::string config_text;  // what the file said
  LoadedRules rules;        // of config.rules, good or bad, with their tables kept
  bool strict = false;      // rather not at all than with the last good set
  std::string version;
};

// Serves until SIGTERM or SIGINT, then finishes what is in flight and returns 0. SIGHUP reloads and
// opens the decision log anew. Returns kCannotStart where there are no rules to serve, a key file
// is of no use, a log cannot be opened or an address cannot be listened on, said on stderr. To be
// called before any thread exists: it blocks those signals for all of them.
int serve(ServeWith with);

}  // namespace allocd
