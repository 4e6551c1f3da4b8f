// One deadline for a whole exchange, however many waits it takes.
#pragma once

#include <chrono>

#include "http/reply.h"

namespace allocd {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(std::chrono::milliseconds patience);

  Clock::time_point end() const { return end_; }
  bool is_over() const { return Clock::now() >= end_; }
  // What to say then: `no answer within 30 s`.
  NoReply missed() const;

 private:
  std::chrono::milliseconds patience_;
  Clock::time_point end_;
};

// Waits until `fd` is ready for one of `events`, which are poll's, and says what it is ready for; 0
// where that does not happen before `end`.
short wait_for(int fd, short events, Deadline::Clock::time_point end);

}  // namespace allocd
