// From an address as people write it to a socket that listens there.
#pragma once

#include <string>

namespace allocd {

struct Listener {
  int fd = -1;          // non-blocking, the caller's to close
  std::string address;  // in numbers, with the port that was taken: `127.0.0.1:8080`, `[::1]:8080`
};

// `address` is HOST:PORT; an IPv6 address stands in brackets; port 0 takes a free one. Throws
// ListenError.
Listener listen_on(const std::string& address);

}  // namespace allocd
