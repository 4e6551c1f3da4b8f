// Work that waits for nobody, and that nobody who answers waits for.
#include "daemon/background.h"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <future>
#include <memory>
#include <sched.h>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

// Says on which thread it ended.
class Large {
 public:
  explicit Large(std::promise<std::thread::id>& ended) : ended_(&ended) {}
  ~Large() { ended_->set_value(std::this_thread::get_id()); }
  Large(const Large&) = delete;
  Large& operator=(const Large&) = delete;

 private:
  std::promise<std::thread::id>* ended_;
};

}  // namespace

TEST_SUITE("threads: background") {
  TEST_CASE("work steps behind others, is waited for, and its errors come out") {
    int nice = 0;
    in_background([&] { nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); });
    CHECK(nice == 10);
    CHECK(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())) != 10);
    CHECK_THROWS_AS(in_background([] { throw std::runtime_error("no"); }), std::runtime_error);
  }

  TEST_CASE("work gives way again and again, and not only when the kernel asks") {
    constexpr timespec kLong{20, 0};
    int interrupted = 0;
    in_background([&] {
      // A pause is cut short by the tick at which the thread gives way.
      while (interrupted < 20 && nanosleep(&kLong, nullptr) != 0 && errno == EINTR) ++interrupted;
    });
    CHECK(interrupted == 20);
    // Which ends with the work.
    constexpr timespec kShort{0, 20'000'000};
    CHECK(nanosleep(&kShort, nullptr) == 0);
  }

  TEST_CASE("whoever lets go of a large value last does not end it") {
    std::promise<std::thread::id> ended;
    auto value = ended_in_background(std::make_unique<const Large>(ended));
    auto other = value;
    auto told = ended.get_future();
    value.reset();
    CHECK(told.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    other.reset();
    REQUIRE(told.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    CHECK(told.get() != std::this_thread::get_id());
  }

  TEST_CASE("what waits for its end is seen to before the next work, however busy the machine is") {
    std::promise<void> begun;
    std::promise<void> let_go;
    std::promise<void> over;
    end_in_background([&, gate = let_go.get_future().share()] {
      begun.set_value();
      gate.wait();
      over.set_value();
    });
    begun.get_future().wait();  // so its thread is busy with that one
    bool ended = false;
    bool ended_before = false;
    end_in_background([&] { ended = true; });
    in_background([&] { ended_before = ended; });
    let_go.set_value();
    over.get_future().wait();
    CHECK(ended_before);
  }

  TEST_CASE("one at a time: who works when idle lets work in the background pass, and so do ends") {
    constexpr std::chrono::milliseconds kNoted(50);
    std::promise<void> ended;
    std::promise<void> passed;
    auto told_ended = ended.get_future();
    auto told_passed = passed.get_future();
    std::thread passer;
    in_background([&] {
      end_in_background([&] { ended.set_value(); });
      passer = std::thread([&] {
        let_background_pass();
        passed.set_value();
      });
      CHECK(told_passed.wait_for(kNoted) == std::future_status::timeout);
      CHECK(told_ended.wait_for(kNoted) == std::future_status::timeout);
    });
    passer.join();
    told_ended.get();
    let_background_pass();  // when there is nothing
  }

  TEST_CASE("what is only done when nobody else wants the processor is done") {
    int policy = -1;
    std::thread([&] {
      only_when_idle();
      policy = sched_getscheduler(0);
    }).join();
    CHECK(policy == SCHED_IDLE);
  }
}
