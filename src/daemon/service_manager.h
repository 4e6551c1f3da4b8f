// What systemd and the daemon tell each other.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace allocd {

// Listening sockets that were open before the daemon was; -1: none.
struct InheritedSockets {
  int webhook = -1;
  int admin = -1;
};

// Which socket is which, by the names (FileDescriptorName=) that came with the descriptors `first`
// and on: `webhook` and `admin`. A single one is the webhook's unless it is named `admin`. Throws
// ListenError, having closed all, where a name is none of these or comes twice.
InheritedSockets sort_sockets(int first, const std::vector<std::string>& names);

// Says nothing, and has nothing, where it was not systemd that started the process. Telling is for
// any thread; `text` is what `systemctl status` shows, in one line.
class ServiceManager {
 public:
  // Takes sockets and settings out of the environment, so to be made once, before any thread.
  // Throws ListenError where it cannot be told what a socket is for.
  ServiceManager();

  // To be given to HttpEndpoint, which closes them.
  const InheritedSockets& sockets() const { return sockets_; }
  // Within how long alive() has to be said again; nothing where nobody waits for it.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  // The start, or a reload, is over, whatever came of it.
  void ready(const std::string& text) const;
  void reloading() const;
  void status(const std::string& text) const;
  // `within`: how long it may take, where the unit has not more patience than that anyway.
  void stopping(const std::string& text, std::chrono::seconds within) const;
  void alive() const;

 private:
  InheritedSockets sockets_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace allocd
