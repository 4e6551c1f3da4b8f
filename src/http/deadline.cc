#include "http/deadline.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <string>

namespace allocd {

namespace {

// Nobody is more patient, and no sum overflows.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24);

std::string duration_text(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

}  // namespace

Deadline::Deadline(std::chrono::milliseconds patience, int cancel_fd)
    : patience_(std::min(patience, kLongest)),
      end_(Clock::now() + patience_),
      cancel_fd_(cancel_fd) {}

bool Deadline::is_cancelled() const {
  return cancel_fd_ >= 0 && wait_for(cancel_fd_, POLLIN, Clock::now()) != 0;
}

NoReply Deadline::missed() const {
  if (is_cancelled()) return {"nobody waits for the answer any more"};
  return {"no answer within " + duration_text(patience_)};
}

short wait_for(int fd, short events, Deadline::Clock::time_point end, int cancel_fd) {
  // What is negative, poll passes over.
  pollfd watched[] = {{fd, events, 0}, {cancel_fd, POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Deadline::Clock::now());
    const int ready =
        poll(watched, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
    if (ready > 0) return watched[1].revents != 0 ? short{0} : watched[0].revents;
    if (ready < 0 && errno != EINTR) return POLLERR;  // what it waits for will say what is wrong
    if (ready == 0 && left.count() <= 0) return 0;
  }
}

}  // namespace allocd
