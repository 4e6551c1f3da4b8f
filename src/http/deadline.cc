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

Deadline::Deadline(std::chrono::milliseconds patience)
    : patience_(std::min(patience, kLongest)), end_(Clock::now() + patience_) {}

NoReply Deadline::missed() const { return {"no answer within " + duration_text(patience_)}; }

short wait_for(int fd, short events, Deadline::Clock::time_point end) {
  pollfd watched{fd, events, 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Deadline::Clock::now());
    const int ready =
        poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
    if (ready > 0) return watched.revents;
    if (ready < 0 && errno != EINTR) return POLLERR;  // what it waits for will say what is wrong
    if (ready == 0 && left.count() <= 0) return 0;
  }
}

}  // namespace allocd
