// One accepted socket. epoll watches it edge-triggered: what was said once is remembered here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace allocd {

// What came of an attempt to receive or to send.
struct Transfer {
  enum class Result {
    Some,     // `bytes` of them
    Blocked,  // none now
    Ended,    // none ever: the peer is gone, or what it sends makes no sense
  };
  Result result = Result::Blocked;
  std::size_t bytes = 0;

  bool is_some() const { return result == Result::Some; }
  bool has_ended() const { return result == Result::Ended; }
};

// Owns the descriptor, which is non-blocking.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  // `events` are epoll's.
  void notice(std::uint32_t events);
  // Whether there may be something to receive.
  bool is_readable() const { return readable_; }
  // Whether anything ever came.
  bool has_received() const { return received_; }
  // Whether the peer sends no more, and said so.
  bool is_finished() const { return finished_; }

  // Asks the system only where there may be something.
  Transfer receive(std::span<char> into);
  Transfer send(std::string_view bytes);
  void finish_sending();
  void close();

 private:
  int fd_;
  bool readable_ = false;
  bool hung_up_ = false;  // its end is to be received too
  bool received_ = false;
  bool finished_ = false;
};

}  // namespace allocd
