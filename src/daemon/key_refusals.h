// What the log says about calls without the right key: enough to see them, never one line a call.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/webhook_keys.h"

namespace allocd {

// Safe to call from any thread.
class KeyRefusals {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kQuiet{10};

  // Counts one. Comes back with the line to log about all that were counted since the last line;
  // nothing where that one is less than kQuiet ago.
  std::optional<std::string> count(KeyCheck why, Clock::time_point now);

 private:
  std::mutex mutex_;
  std::optional<Clock::time_point> last_line_;
  std::size_t absent_ = 0;
  std::size_t wrong_ = 0;
};

}  // namespace allocd
