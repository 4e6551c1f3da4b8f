#include "rulefile/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace allocd {

std::size_t processors() { return std::max<std::size_t>(1, std::thread::hardware_concurrency()); }

void side_by_side(std::size_t count, std::size_t threads,
                  const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto work_on = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        thrown = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min(count, threads)) others.emplace_back(work_on);
    } catch (const std::system_error&) {
      // No more threads: those that are there do all of it.
    }
    work_on();
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace allocd
