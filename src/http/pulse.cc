#include "http/pulse.h"

namespace allocd {

void Pulse::beat() {
  const std::uint64_t asked = asked_;
  if (asked == answered_) return;
  {
    const std::lock_guard lock(mutex_);
    answered_ = asked;
  }
  changed_.notify_all();
}

void Pulse::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

bool Pulse::came(std::uint64_t asked, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [&] { return ended_ || answered_ >= asked; });
}

}  // namespace allocd
