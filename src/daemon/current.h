// The value in force of what is replaced whole while the daemon serves.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace allocd {

// Safe to call from any thread: a snapshot stays valid, and unchanged, for as long as the caller
// keeps it.
template <typename T>
class Current {
 public:
  explicit Current(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  std::shared_ptr<const T> snapshot() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  // Who asks from now on gets `value`; who has a snapshot goes on with it.
  void replace(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
    }
    // The old value may end here: outside the lock, for it can be large.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace allocd
