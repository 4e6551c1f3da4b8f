// From an address as people write it to a socket that listens there.
#pragma once

#include <string>

#include "http/server.h"

namespace allocd {

struct Listener {
  int fd = -1;          // non-blocking, the caller's to close
  std::string address;  // in numbers, with the port that was taken: `127.0.0.1:8080`, `[::1]:8080`
  std::string path;     // of a Unix socket, the caller's to remove; empty where there is none
  bool is_shared = false;  // inherited: somebody else goes on with it
};

// Throws ListenError.
Listener listen_on(const HttpEndpoint& endpoint);

}  // namespace allocd
