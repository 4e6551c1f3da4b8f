#include "daemon/aftermath.h"

#include <algorithm>
#include <utility>

#include "policy/memory_lines.h"

namespace allocd {

Aftermath::Aftermath(Take take, WhenFull when_full)
    : take_(std::move(take)),
      blocks_until_(when_full == WhenFull::Block ? Clock::time_point::max()
                                                 : Clock::time_point::min()),
      thread_([this] { run(); }) {}

Aftermath::~Aftermath() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  filled_.notify_one();
  thread_.join();
}

void Aftermath::add(DecisionEvent event) {
  const std::size_t bytes = sizeof event + event.body.size();
  bool wakes = false;
  {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] {
      return waiting_.empty() || (waiting_.size() < kMaxEvents && bytes_ + bytes <= kMaxBytes);
    };
    ++held_up_;
    while (!has_room() && Clock::now() < blocks_until_) {
      filled_.notify_one();
      taken_.wait_until(lock, blocks_until_);
    }
    --held_up_;
    if (!has_room()) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(event));
    bytes_ += bytes;
    ++added_;
    wakes = asleep_ || waiting_.size() == kMaxEvents / 2 || bytes_ > kMaxBytes / 2;
    asleep_ = false;
  }
  if (wakes) filled_.notify_one();
}

bool Aftermath::settle(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  ++settling_;
  filled_.notify_one();
  const bool is_settled =
      taken_.wait_for(lock, patience, [this, until = added_] { return finished_ >= until; });
  --settling_;
  return is_settled;
}

void Aftermath::block_until(Clock::time_point end) {
  {
    const std::lock_guard lock(mutex_);
    blocks_until_ = std::min(blocks_until_, end);
  }
  taken_.notify_all();
}

std::uint64_t Aftermath::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

bool Aftermath::holds_up() const {
  const std::lock_guard lock(mutex_);
  return held_up_ > 0;
}

// Whether what waits is not to wait for more.
bool Aftermath::is_hurried() const {
  return ending_ || settling_ > 0 || held_up_ > 0 || waiting_.size() >= kMaxEvents / 2 ||
         bytes_ > kMaxBytes / 2;
}

void Aftermath::wait_for_events(std::unique_lock<std::mutex>& lock) {
  filled_.wait_for(lock, kGathering, [this] { return is_hurried(); });
  while (waiting_.empty() && !ending_) {
    asleep_ = true;
    filled_.wait(lock);
  }
  asleep_ = false;
}

void Aftermath::run() {
  std::vector<DecisionEvent> taken;
  std::unique_lock lock(mutex_);
  for (;;) {
    wait_for_events(lock);
    if (waiting_.empty()) return;
    taken.swap(waiting_);
    bytes_ = 0;
    lock.unlock();
    // Who waits for room finds some.
    taken_.notify_all();
    const std::size_t count = taken.size();
    for (std::size_t i = 0; i < count; ++i) {
      // The next one's rule, of which each that is done with an event wants to know the name.
      if (i + 1 < count) MemoryLines::fetch_line(taken[i + 1].answer.decision.rule);
      take_(std::move(taken[i]));
    }
    taken.clear();
    lock.lock();
    finished_ += count;
    taken_.notify_all();
  }
}

}  // namespace allocd
