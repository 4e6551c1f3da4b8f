// From where a server is to a socket that is connected to it.
#pragma once

#include <string>

#include "http/deadline.h"

namespace allocd {

// These return a non-blocking socket, the caller's to close, and throw NoReply where nobody
// answers.

// `host` is a name, which is looked up first, however long that takes, or an address. One of its
// addresses after the other is tried.
int dial(const std::string& host, const std::string& port, const Deadline& deadline);
// A Unix socket.
int dial_path(const std::string& path, const Deadline& deadline);

}  // namespace allocd
