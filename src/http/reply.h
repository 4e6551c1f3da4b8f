// What comes of asking a server.
#pragma once

#include <string>

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

}  // namespace allocd
