// The signals that a program listens to while it runs.
#pragma once

#include <signal.h>

namespace allocd {

// SIGTERM, SIGINT and SIGHUP. Kept from every thread that begins later, which would otherwise end
// the process by one: make it before the first of them.
class Signals {
 public:
  Signals();
  // The next one, for whichever thread waits. One for this thread alone counts, too.
  int wait() const;

 private:
  sigset_t set_;
};

}  // namespace allocd
