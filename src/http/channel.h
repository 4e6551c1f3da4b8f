// The bytes of one connection as HTTP has them: straight from the socket, or out of TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/socket.h"
#include "http/tls.h"

namespace allocd {

// Never waits. Shakes hands by itself, on the side that `ssl` is made for, while it is asked to
// receive.
class Channel {
 public:
  // `fd` as for Socket, which owns it; `ssl` may be null: no TLS then.
  Channel(int fd, Ssl ssl);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return socket_.fd(); }
  // `events` are epoll's, edge-triggered.
  void notice(std::uint32_t events);
  // Whether asking for more could bring something now.
  bool may_receive() const { return more_ || socket_.is_readable(); }
  // Whether HTTP can be spoken. What comes before is the handshake.
  bool is_open() const { return open_; }
  bool has_begun() const { return socket_.has_received(); }
  // Whether what was blocked last waits until the peer takes more, and not for something of its.
  bool waits_to_write() const { return waits_to_write_; }
  // Once receiving has ended: whether the peer said so. Otherwise what came may be a part only.
  bool is_finished() const;
  // Null without TLS.
  const ssl_st* tls() const { return ssl_.get(); }
  // What the peer, a client, showed in the handshake: see HttpRequest.
  const std::shared_ptr<const std::vector<std::string>>& client_certificates() const {
    return client_certificates_;
  }

  Transfer receive(std::span<char> into);
  // What is blocked is to be sent again, with the same bytes in front.
  Transfer send(std::string_view bytes);
  // Takes what comes, whatever it is, after finish_sending().
  Transfer discard(std::span<char> scratch) { return socket_.receive(scratch); }
  void finish_sending();
  void close();

 private:
  Transfer outcome(int result);
  void say_goodbye();

  Socket socket_;
  Ssl ssl_;
  bool open_;
  bool broken_ = false;
  bool more_ = false;            // what was received may hold more than was asked for
  bool waits_to_write_ = false;  // before it can go on to read
  std::shared_ptr<const std::vector<std::string>> client_certificates_;
};

}  // namespace allocd
