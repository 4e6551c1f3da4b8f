// How many decisions there were, of which outcome, for which product line, and how long they took.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/rule_set.h"

namespace allocd {

inline constexpr std::array kOutcomes = {Outcome::Allocate, Outcome::Reject, Outcome::Unauthorized,
                                         Outcome::NoHub, Outcome::RetryLater};

// Upper ends of the durations that are told apart; what takes longer is in a bucket of its own.
inline constexpr std::array kDurationBuckets = {
    std::chrono::nanoseconds(1'000),      std::chrono::nanoseconds(2'500),
    std::chrono::nanoseconds(5'000),      std::chrono::nanoseconds(10'000),
    std::chrono::nanoseconds(25'000),     std::chrono::nanoseconds(50'000),
    std::chrono::nanoseconds(100'000),    std::chrono::nanoseconds(250'000),
    std::chrono::nanoseconds(500'000),    std::chrono::nanoseconds(1'000'000),
    std::chrono::nanoseconds(2'500'000),  std::chrono::nanoseconds(5'000'000),
    std::chrono::nanoseconds(10'000'000), std::chrono::nanoseconds(25'000'000),
    std::chrono::nanoseconds(50'000'000), std::chrono::nanoseconds(100'000'000)};

// What was counted when it was asked for.
struct DecisionFigures {
  using ByOutcome = std::array<std::uint64_t, kOutcomes.size()>;

  std::map<std::string, ByOutcome> by_product_line;  // empty: those that no rule decided
  // Those of each bucket alone; the last is that of all that took longer.
  std::array<std::uint64_t, kDurationBuckets.size() + 1> durations{};
  std::chrono::nanoseconds total{};
};

// Counts from the start of the daemon on, whatever rules come into force: nothing ever goes down.
// Safe to call from any thread; count() waits for nobody.
class DecisionCounts {
 public:
  DecisionCounts();
  ~DecisionCounts();
  DecisionCounts(const DecisionCounts&) = delete;
  DecisionCounts& operator=(const DecisionCounts&) = delete;

  // Makes the product lines of `rules` known: they are in the figures from now on, with 0. Best
  // before those rules come into force; count() gets on without, but has to wait once for each.
  void expect(const RuleSet& rules);
  void count(const Decision& decision, std::chrono::nanoseconds took);
  DecisionFigures figures() const;

 private:
  struct Line;
  struct Table;

  Line& line_of(std::string_view product_line);
  Line& add(std::string_view product_line);

  std::array<std::atomic<std::uint64_t>, kDurationBuckets.size() + 1> durations_{};
  std::atomic<std::int64_t> total_nanos_ = 0;
  std::atomic<const Table*> table_;
  mutable std::mutex mutex_;  // of those who add
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<std::unique_ptr<Table>> tables_;  // the last is in use, others may still be read
};

}  // namespace allocd
