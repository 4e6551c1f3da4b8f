#include "daemon/watchdog.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace allocd {

Watchdog::Watchdog(std::chrono::microseconds interval,
                   std::function<bool(std::chrono::milliseconds)> is_alive,
                   std::function<void()> tell)
    : period_(interval / 2),
      is_alive_(std::move(is_alive)),
      tell_(std::move(tell)),
      thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  // Half of the period, so that a late answer is still told in time.
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(period_ / 2);
  bool was_alive = true;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    const auto next = std::chrono::steady_clock::now() + period_;
    const bool alive = is_alive_(patience);
    if (alive) tell_();
    if (was_alive && !alive)
      spdlog::error("a thread that serves has not come round for {} ms: the watchdog is not fed",
                    patience.count());
    if (!was_alive && alive) spdlog::warn("all threads that serve come round again");
    was_alive = alive;
    lock.lock();
    changed_.wait_until(lock, next, [this] { return ending_; });
  }
}

}  // namespace allocd
