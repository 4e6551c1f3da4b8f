// Tells again and again that the daemon is alive, as long as it is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace allocd {

// Has a thread of its own, until its destruction.
class Watchdog {
 public:
  // Twice in `interval`, calls `is_alive` with how long it may wait for those it looks at, and,
  // where that says yes, `tell`. Where it says no, the log has it, and nobody is told: whoever
  // waits for it kills the process. Throws std::system_error.
  Watchdog(std::chrono::microseconds interval,
           std::function<bool(std::chrono::milliseconds)> is_alive, std::function<void()> tell);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();

  const std::chrono::microseconds period_;
  const std::function<bool(std::chrono::milliseconds)> is_alive_;
  const std::function<void()> tell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace allocd
