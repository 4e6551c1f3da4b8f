#include "daemon/key_refusals.h"

#include <utility>

namespace allocd {

std::optional<std::string> KeyRefusals::count(KeyCheck why, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  ++(why == KeyCheck::Absent ? absent_ : wrong_);
  if (last_line_ && now - *last_line_ < kQuiet) return std::nullopt;
  const std::string when = last_line_ ? " since the last such line" : "";
  last_line_ = now;
  return "webhook calls refused with 401" + when + ": " +
         std::to_string(std::exchange(absent_, 0)) + " without a key, " +
         std::to_string(std::exchange(wrong_, 0)) + " with a wrong key";
}

}  // namespace allocd
