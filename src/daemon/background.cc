#include "daemon/background.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

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

// What is to end, and a thread that sees to it when nobody else wants the processor.
class Ender {
 public:
  ~Ender() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void add(std::function<void()> end) {
    const std::lock_guard lock(mutex_);
    ends_.push_back(std::move(end));
    try {
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      changed_.notify_one();
    } catch (const std::system_error&) {
      // The machine has no thread left: whoever works in the background next will do it.
    }
  }

  // Sees to what waits, on the calling thread.
  void finish() {
    std::unique_lock lock(mutex_);
    while (!ends_.empty()) end_one(lock);
  }

 private:
  void run() {
    only_when_idle();
    std::unique_lock lock(mutex_);
    while (!is_over_ || !ends_.empty()) {
      changed_.wait(lock, [this] { return is_over_ || !ends_.empty(); });
      if (!ends_.empty()) end_one(lock);
    }
  }

  void end_one(std::unique_lock<std::mutex>& lock) {
    const auto end = std::move(ends_.front());
    ends_.pop_front();
    lock.unlock();
    end();
    lock.lock();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> ends_;
  bool is_over_ = false;
  std::thread thread_;
};

// Is there until the process ends, and ends what waits then.
Ender& ender() {
  static Ender all;
  return all;
}

}  // namespace

// A thread has a priority of its own on Linux.
void only_when_idle() {
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kMostNice);
}

void in_background(const std::function<void()>& work) {
  std::future<void> done;
  try {
    done = std::async(std::launch::async, [&work] {
      step_behind();
      // INVARIANT: where the processor is never idle, what waits for its end does not pile up.
      ender().finish();
      work();
    });
  } catch (const std::system_error&) {
    work();  // the machine has no thread left: better here than not at all
    return;
  }
  done.get();
}

void end_in_background(std::function<void()> end) { ender().add(std::move(end)); }

}  // namespace allocd
