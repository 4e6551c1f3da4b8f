// One connection that we made to a server: what is asked on it, and what it answers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/channel.h"
#include "http/deadline.h"
#include "http/reply.h"
#include "http/reply_reader.h"

namespace allocd {

// Waits, but never longer than a deadline.
class ClientConnection {
 public:
  // `fd` and `ssl` as for Channel. Shakes hands. Throws NoReply.
  ClientConnection(int fd, Ssl ssl, const Deadline& deadline);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // Sends the bytes of a request and reads the answer, of at most `max_bytes` as ReplyReader counts
  // them. Nothing where the server ends the connection without a byte of an answer. Throws NoReply;
  // then the connection is of no more use.
  std::optional<HttpReply> ask(std::string_view request, const Deadline& deadline,
                               std::size_t max_bytes);
  // Whether more can be asked on it, after an answer.
  bool is_kept() const { return kept_; }
  // Whether that is still so: the server has not ended it meanwhile, as far as is known here.
  bool is_still_open();

 private:
  void wait(short events, const Deadline& deadline);
  void shake_hands(const Deadline& deadline);
  bool send(std::string_view bytes, const Deadline& deadline);
  ReplyReader::Piece receive(const Deadline& deadline);

  Channel channel_;
  std::string buffer_ = std::string(16384, '\0');
  std::size_t early_ = 0;  // bytes of buffer_ that came before they were asked for
  bool kept_ = false;
};

}  // namespace allocd
