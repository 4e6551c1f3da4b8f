// How many answers were given, by status code.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>

namespace allocd {

// One thread counts, any may read.
class AnswerCounts {
 public:
  void count(int status) {
    by_status_[static_cast<std::size_t>(status) % kStatuses].fetch_add(1,
                                                                       std::memory_order_relaxed);
  }

  // Statuses that were never given are left out.
  void add_to(std::map<int, std::uint64_t>& totals) const {
    for (std::size_t status = 0; status < kStatuses; ++status)
      if (const auto count = by_status_[status].load(std::memory_order_relaxed))
        totals[static_cast<int>(status)] += count;
  }

 private:
  static constexpr std::size_t kStatuses = 600;  // INVARIANT: no answer has one beyond

  std::array<std::atomic<std::uint64_t>, kStatuses> by_status_{};
};

}  // namespace allocd
