#include "daemon/background.h"

#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace allocd {

namespace {

// Gives way, and still gets a tenth of a processor that is never idle.
constexpr int kNice = 10;
constexpr int kMostNice = 19;
// Since Linux 6.12 a thread is not interrupted before its slice is over, whoever waits: the
// shortest that there is. Older ones do not look at it.
constexpr std::uint64_t kSliceNanos = 100'000;

// As sched_setattr(2) takes it; the library of Debian 12 has no name for it.
struct SchedulingOf {
  std::uint32_t size = sizeof(SchedulingOf);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = kNice;
  std::uint32_t priority = 0;
  std::uint64_t slice = kSliceNanos;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

void step_behind() {
  SchedulingOf attributes;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0)
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

// A thread that is there from the first end on.
class Ender {
 public:
  Ender() : thread_([this] { run(); }) {}
  ~Ender() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Ender(const Ender&) = delete;
  Ender& operator=(const Ender&) = delete;

  void add(std::function<void()> end) {
    {
      const std::lock_guard lock(mutex_);
      ends_.push_back(std::move(end));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    only_when_idle();
    std::unique_lock lock(mutex_);
    while (!is_over_ || !ends_.empty()) {
      changed_.wait(lock, [this] { return is_over_ || !ends_.empty(); });
      const auto ends = std::exchange(ends_, {});
      lock.unlock();
      for (const auto& end : ends) end();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> ends_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace

// A thread has a priority of its own on Linux.
void only_when_idle() {
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kMostNice);
}

void in_background(const std::function<void()>& work) {
  std::async(std::launch::async, [&work] {
    step_behind();
    work();
  }).get();
}

void end_in_background(std::function<void()> end) {
  static Ender ender;
  ender.add(std::move(end));
}

}  // namespace allocd
