// What is done with decisions after their answers: beside the threads that answer, one after the
// other. Where they come in numbers they are taken some at a time, as waking its thread for each
// would take whoever answers as long as deciding.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/decision_event.h"

namespace allocd {

class Aftermath {
 public:
  using Clock = std::chrono::steady_clock;
  using Take = std::function<void(DecisionEvent)>;
  // What to do where it does not keep up.
  enum class WhenFull { Drop, Block };

  static constexpr std::size_t kMaxEvents = 16384;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20U;
  // The first event after a pause is taken at once, those that follow so much later at most.
  static constexpr std::chrono::milliseconds kGathering{1};

  // `take` gets each event, in a thread of its own. It must not throw.
  Aftermath(Take take, WhenFull when_full);
  // All that was added is taken first.
  ~Aftermath();
  Aftermath(const Aftermath&) = delete;
  Aftermath& operator=(const Aftermath&) = delete;

  // These are for any thread.

  // Bounded in events and bytes; beyond, the event is dropped and counted, or this waits.
  void add(DecisionEvent event);
  // Waits until everything that was added before has been taken, or for `patience`: false then.
  bool settle(std::chrono::milliseconds patience);
  // From `end` on nobody waits in add(): what finds no room is dropped.
  void block_until(Clock::time_point end);
  std::uint64_t dropped() const;
  // Whether somebody waits in add().
  bool holds_up() const;

 private:
  void run();
  void wait_for_events(std::unique_lock<std::mutex>& lock);
  bool is_hurried() const;

  const Take take_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;  // somebody has to be woken for it
  std::condition_variable taken_;
  Clock::time_point blocks_until_;
  std::vector<DecisionEvent> waiting_;
  std::size_t bytes_ = 0;       // of those waiting
  std::uint64_t added_ = 0;     // events ever
  std::uint64_t finished_ = 0;  // of them, taken
  std::uint64_t dropped_ = 0;
  std::size_t held_up_ = 0;   // who waits in add()
  std::size_t settling_ = 0;  // who waits in settle()
  bool asleep_ = false;       // the thread, until the next event
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace allocd
