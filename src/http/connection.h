// One accepted connection: whole requests off it and answers onto it, within limits and deadlines.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "http/server.h"

namespace allocd {

// Tells every connection of a server that it is time to end. Safe to use from any thread.
class StopSignal {
 public:
  explicit StopSignal(int request_seconds);  // throws std::system_error
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // From now on nothing waits for a peer longer than the time for one request.
  void raise();
  bool raised() const { return raised_; }
  // Readable once it is raised.
  int fd() const { return fd_; }
  // The earlier of `deadline` and what raise() leaves.
  std::chrono::steady_clock::time_point bounded(
      std::chrono::steady_clock::time_point deadline) const;

 private:
  int fd_;
  std::chrono::steady_clock::duration grace_;
  std::atomic<std::chrono::steady_clock::time_point> end_;
  std::atomic<bool> raised_ = false;
};

// A request as it came, its framing undone.
struct WireRequest {
  std::string line;  // "POST /allocate?x=1 HTTP/1.1"
  std::string body;
  bool keep_alive = true;
};

// Why there is no request. After it the connection says nothing that could be trusted.
struct WireFailure {
  int status = 0;  // what to answer before closing; 0: nothing
  std::string text;
};

// Owns its socket. Used by one thread at a time.
class Connection {
 public:
  Connection(int fd, const HttpLimits& limits, const StopSignal& stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  // Whether a part of the next request is here already.
  bool has_input() const { return !unread().empty(); }

  // Takes at most `requestSeconds`. A body has at most `limits.body_bytes`, chunked or not.
  std::variant<WireRequest, WireFailure> read_request();
  // False where the peer is gone or does not read for `requestSeconds`.
  bool send_all(std::string_view bytes);
  // Ends the sending side and reads on for a moment: closing with bytes unread would reset the
  // connection, and the peer could lose the answer that says why.
  void linger();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Progress { Done, Gone, TooSlow };

  std::string_view unread() const { return std::string_view(input_).substr(used_); }
  Progress wait(short events, Clock::time_point deadline);
  Progress receive_more(Clock::time_point deadline);
  Progress receive_until(std::string_view end, std::size_t limit, Clock::time_point deadline,
                         std::size_t& found);
  std::variant<std::string, WireFailure> read_sized(std::size_t bytes, Clock::time_point deadline);
  std::variant<std::string, WireFailure> read_chunks(Clock::time_point deadline);
  WireFailure incomplete(Progress progress) const;
  WireFailure too_large() const;

  int fd_;
  const HttpLimits& limits_;
  const StopSignal& stop_;
  std::string input_;     // received
  std::size_t used_ = 0;  // how much of it is done with
};

}  // namespace allocd
