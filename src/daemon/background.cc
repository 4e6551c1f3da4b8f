#include "daemon/background.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
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
// Who wakes up while such a slice lasts is looked at again at the next tick of the kernel only, 1
// to 10 ms later. So work in the background has a tick of its own.
constexpr std::chrono::nanoseconds kTick = std::chrono::microseconds(250);
// Who has more to do in the background has come back by then: who reloads again and again, say.
constexpr std::chrono::seconds kQuiet{1};

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

// The signal that is the tick; nothing else in this program uses one of these.
int tick_signal() { return SIGRTMIN + 3; }

// As long as it lives, its thread lets others have the processor at every tick. Where there are no
// timers, it does without.
class GivingWay {
 public:
  GivingWay() {
    struct sigaction action {};
    action.sa_handler = [](int) { sched_yield(); };
    action.sa_flags = SA_RESTART;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
    event._sigev_un._tid = gettid();
    if (sigaction(tick_signal(), &action, nullptr) != 0) return;
    timer_t timer{};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return;
    timer_ = timer;
    const itimerspec each{{0, kTick.count()}, {0, kTick.count()}};
    timer_settime(timer, 0, &each, nullptr);
  }
  // The handler stays, for a tick that is on its way.
  ~GivingWay() {
    if (timer_) timer_delete(*timer_);
  }
  GivingWay(const GivingWay&) = delete;
  GivingWay& operator=(const GivingWay&) = delete;

 private:
  std::optional<timer_t> timer_;
};

// What is being done in the background, and what waits for its end with a thread that sees to it
// when nobody else wants the processor.
class Background {
 public:
  ~Background() {
    {
      // Here, as nobody may give that thread a processor soon.
      std::unique_lock lock(mutex_);
      is_over_ = true;
      end_all(lock);
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void do_in_turn(const std::function<void()>& work) {
    const AtWork at_work(*this);
    {
      // INVARIANT: where the processor is never idle, what waits for its end does not pile up.
      std::unique_lock lock(mutex_);
      end_all(lock);
    }
    work();
  }

  void let_pass() {
    if (at_work_ == 0) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return at_work_ == 0; });
  }

  void add(std::function<void()> end) {
    const std::lock_guard lock(mutex_);
    ends_.push_back(std::move(end));
    try {
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      changed_.notify_all();
    } catch (const std::system_error&) {
      // The machine has no thread left: whoever works in the background next will do it.
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  class AtWork {
   public:
    explicit AtWork(Background& background) : background_(background) {
      const std::lock_guard lock(background_.mutex_);
      ++background_.at_work_;
    }
    ~AtWork() {
      {
        const std::lock_guard lock(background_.mutex_);
        --background_.at_work_;
        background_.last_worked_ = Clock::now();
      }
      background_.changed_.notify_all();
    }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;

   private:
    Background& background_;
  };

  void run() {
    only_when_idle();
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_over_ || (!ends_.empty() && at_work_ == 0); });
      if (is_over_) return;
      const auto due = last_worked_ + kQuiet;
      if (Clock::now() >= due)
        end_one(lock);
      else
        changed_.wait_until(lock, due, [this] { return is_over_ || at_work_ > 0; });
    }
  }

  void end_all(std::unique_lock<std::mutex>& lock) {
    while (!ends_.empty()) end_one(lock);
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
  std::atomic<int> at_work_ = 0;  // written under the lock
  Clock::time_point last_worked_;
  bool is_over_ = false;
  std::thread thread_;
};

// Is there until the process ends, and ends what waits then.
Background& background() {
  static Background all;
  return all;
}

}  // namespace

// A thread has a priority of its own on Linux.
void step_behind() {
  SchedulingOf attributes;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0)
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

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
      const GivingWay giving_way;
      background().do_in_turn(work);
    });
  } catch (const std::system_error&) {
    background().do_in_turn(work);  // the machine has no thread left: better here than not at all
    return;
  }
  done.get();
}

void let_background_pass() { background().let_pass(); }

void end_in_background(std::function<void()> end) { background().add(std::move(end)); }

}  // namespace allocd
