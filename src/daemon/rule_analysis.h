// Looks for rules that can never decide, beside what serves.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "analysis/reachability.h"
#include "policy/rule_set.h"

namespace allocd {

struct AnalysedRules {
  std::shared_ptr<const RuleSet> rules;
  Reachability reachability;
  std::chrono::milliseconds took{};
};

// "analysed 12 rules in 3 ms: 11 reachable, 1 unreachable, 0 not analysed".
std::string summary_of(const AnalysedRules& analysed);

// Warns in the log of each rule that can never decide, and sums up.
void log_analysis(const AnalysedRules& analysed);

// A thread of low priority, which analyses one set at a time, for a bounded processor time. Safe to
// call from any thread.
class RuleAnalysis {
 public:
  using Tell = std::function<void(const AnalysedRules&)>;

  // Each analysis that comes to its end is told, in the thread.
  explicit RuleAnalysis(Tell tell = log_analysis);
  // Gives up what it is at, and waits for that.
  ~RuleAnalysis();
  RuleAnalysis(const RuleAnalysis&) = delete;
  RuleAnalysis& operator=(const RuleAnalysis&) = delete;

  // Returns at once. What the thread is still at with another set is given up.
  void look_at(std::shared_ptr<const RuleSet> rules);

 private:
  void run();

  const Tell tell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const RuleSet> next_;  // to be analysed
  bool ending_ = false;
  std::atomic<bool> give_up_ = false;  // there is a next set, or it ends
  std::thread thread_;
};

}  // namespace allocd
