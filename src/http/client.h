// One request to a server that speaks HTTP, for commands that ask a daemon.
#pragma once

#include <chrono>
#include <string>
#include <variant>

namespace allocd {

struct HttpReply {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Why there was no answer: the end of a sentence for people.
struct NoReply {
  std::string reason;
};

// Sends a request without a body to `address` (HOST:PORT, or `unix:` and the path of a socket) and
// waits for the answer, `patience` between two signs of life. Does not throw.
std::variant<HttpReply, NoReply> ask_server(const std::string& address, const std::string& method,
                                            const std::string& target,
                                            std::chrono::seconds patience);

}  // namespace allocd
