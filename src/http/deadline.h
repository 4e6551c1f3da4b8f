// One deadline for a whole exchange, however many waits it takes.
#pragma once

#include <chrono>

#include "http/reply.h"

namespace allocd {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // It is over, too, as soon as there is something to read from `cancel_fd`; -1: never.
  explicit Deadline(std::chrono::milliseconds patience, int cancel_fd = -1);

  Clock::time_point end() const { return end_; }
  int cancel_fd() const { return cancel_fd_; }
  bool is_over() const { return Clock::now() >= end_ || is_cancelled(); }
  // What to say then: `no answer within 30 s`.
  NoReply missed() const;

 private:
  bool is_cancelled() const;

  std::chrono::milliseconds patience_;
  Clock::time_point end_;
  int cancel_fd_;
};

// Waits until `fd` is ready for one of `events`, which are poll's, and says what it is ready for; 0
// where that does not happen before `end`, or before there is something to read from `cancel_fd`.
short wait_for(int fd, short events, Deadline::Clock::time_point end, int cancel_fd = -1);

}  // namespace allocd
