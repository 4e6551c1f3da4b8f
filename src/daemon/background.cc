#include "daemon/background.h"

#include <future>
#include <sys/resource.h>
#include <unistd.h>

namespace allocd {

namespace {

// Gives way at once, and still gets a tenth of a processor that is never idle.
constexpr int kNice = 10;

}  // namespace

// A thread has a priority of its own on Linux.
void lower_priority(int nice) { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice); }

void in_background(const std::function<void()>& work) {
  std::async(std::launch::async, [&work] {
    lower_priority(kNice);
    work();
  }).get();
}

}  // namespace allocd
