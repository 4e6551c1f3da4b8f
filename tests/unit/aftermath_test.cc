// The queue between those who answer and those who keep books.
#include "daemon/aftermath.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

using WhenFull = Aftermath::WhenFull;
constexpr std::chrono::seconds kLong(20);

DecisionEvent event(std::string id, std::size_t bytes = 0) {
  DecisionEvent out;
  out.id = std::move(id);
  out.body.assign(bytes, 'x');
  return out;
}

// A door that takers wait at.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    arrived_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return arrived_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool arrived_ = false;
};

}  // namespace

TEST_SUITE("threads: aftermath") {
  TEST_CASE("everything is taken, in order for each who adds") {
    std::vector<std::string> taken;
    Aftermath aftermath([&](const DecisionEvent& e) { taken.push_back(e.id); }, WhenFull::Block);
    std::vector<std::thread> threads;
    for (char name : {'a', 'b', 'c'})
      threads.emplace_back([&aftermath, name] {
        for (int i = 0; i < 2000; ++i) aftermath.add(event(name + std::to_string(i)));
      });
    for (std::thread& thread : threads) thread.join();
    REQUIRE(aftermath.settle(kLong));
    REQUIRE(taken.size() == 6000);
    for (char name : {'a', 'b', 'c'}) {
      int next = 0;
      for (const std::string& id : taken)
        if (id[0] == name) CHECK(id == name + std::to_string(next++));
      CHECK(next == 2000);
    }
    CHECK(aftermath.dropped() == 0);
  }

  TEST_CASE("what finds no room is dropped and counted, and nobody waits") {
    Gate gate;
    std::size_t taken = 0;
    Aftermath aftermath(
        [&](const DecisionEvent&) {
          gate.pass();
          ++taken;
        },
        WhenFull::Drop);
    aftermath.add(event("first"));
    gate.wait_for_somebody();
    for (std::size_t i = 0; i < Aftermath::kMaxEvents + 7; ++i) aftermath.add(event("next"));
    CHECK(aftermath.dropped() == 7);
    CHECK_FALSE(aftermath.settle(std::chrono::milliseconds(1)));
    gate.open();
    REQUIRE(aftermath.settle(kLong));
    CHECK(taken == Aftermath::kMaxEvents + 1);
  }

  TEST_CASE("bytes have a bound too, but one event always finds room") {
    Gate gate;
    Aftermath aftermath([&](const DecisionEvent&) { gate.pass(); }, WhenFull::Drop);
    aftermath.add(event("first"));
    gate.wait_for_somebody();
    aftermath.add(event("huge", Aftermath::kMaxBytes + 1));
    CHECK(aftermath.dropped() == 0);
    aftermath.add(event("small"));
    CHECK(aftermath.dropped() == 1);
    gate.open();
    CHECK(aftermath.settle(kLong));
  }

  TEST_CASE("who may not drop waits for room, until it is told how long") {
    for (const bool told : {false, true}) {
      CAPTURE(told);
      Gate gate;
      std::size_t taken = 0;
      Aftermath aftermath(
          [&](const DecisionEvent&) {
            gate.pass();
            ++taken;
          },
          WhenFull::Block);
      aftermath.add(event("first"));
      gate.wait_for_somebody();
      std::thread adds([&] {
        for (std::size_t i = 0; i < Aftermath::kMaxEvents + 5; ++i) aftermath.add(event("next"));
      });
      while (!aftermath.holds_up()) std::this_thread::yield();
      told ? aftermath.block_until(Aftermath::Clock::now()) : gate.open();
      adds.join();
      CHECK(aftermath.dropped() == (told ? 5 : 0));
      gate.open();
      REQUIRE(aftermath.settle(kLong));
      CHECK_FALSE(aftermath.holds_up());
      CHECK(taken == Aftermath::kMaxEvents + (told ? 1 : 6));
    }
  }

  TEST_CASE(
      "events that come in numbers are taken some at a time, the thread is not woken for each") {
    using Clock = Aftermath::Clock;
    constexpr int kEvents = 2000;
    rusage usage{};
    Aftermath aftermath([&](const DecisionEvent&) { getrusage(RUSAGE_THREAD, &usage); },
                        WhenFull::Drop);
    const auto begin = Clock::now();
    for (int i = 0; i < kEvents; ++i) {
      aftermath.add(event("next"));
      const auto next = begin + i * std::chrono::microseconds(20);
      while (Clock::now() < next) {}
    }
    const auto took = Clock::now() - begin;
    REQUIRE(aftermath.settle(kLong));
    // A few each time: it sleeps, it may find the queue locked.
    CHECK(usage.ru_nvcsw < 10 + 4 * (took / Aftermath::kGathering));
  }

  TEST_CASE("the end waits for what was added") {
    std::size_t taken = 0;
    {
      Aftermath aftermath([&](const DecisionEvent&) { ++taken; }, WhenFull::Drop);
      for (int i = 0; i < 1000; ++i) aftermath.add(event("x"));
    }
    CHECK(taken == 1000);
  }
}
