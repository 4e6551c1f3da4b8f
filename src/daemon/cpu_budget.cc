#include "daemon/cpu_budget.h"

#include <time.h>

namespace allocd {

namespace {

constexpr unsigned kCallsToALook = 16;

std::chrono::nanoseconds cpu_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

TimeIsUp after_cpu_time(std::chrono::nanoseconds time) {
  return [end = cpu_time() + time, calls = 0U, is_up = false]() mutable {
    if (!is_up && calls++ % kCallsToALook == 0) is_up = cpu_time() >= end;
    return is_up;
  };
}

}  // namespace allocd
