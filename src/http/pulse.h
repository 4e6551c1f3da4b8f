// Tells from outside whether a thread that goes round and round still does.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace allocd {

class Pulse {
 public:
  using Clock = std::chrono::steady_clock;

  // For the thread itself: once in each of its rounds, and once it goes round no more, which is no
  // fault. A beat that nobody waits for costs two reads.
  void beat();
  void end();

  // For any thread: asks for a beat, which the thread may have to be woken for; then waits for it.
  // False where none came until `deadline`.
  std::uint64_t ask() { return ++asked_; }
  bool came(std::uint64_t asked, Clock::time_point deadline);

 private:
  std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace allocd
