// A rule set as the daemon holds it: the rules, what they are called, and how often each decided.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/memory_lines.h"
#include "policy/rule_set.h"

namespace allocd {

// Counts from the start of the daemon on, over reloads.
struct RuleHits {
  std::atomic<std::uint64_t> count = 0;
  std::atomic<std::int64_t> last_micros = 0;  // since the epoch; 0: never
};

// Does not change but for the hits; safe to share between threads.
class RulesInForce {
 public:
  // Rules that `before` has by the same name go on counting where they were; it may be null.
  RulesInForce(std::shared_ptr<const RuleSet> rules, std::string revision,
               std::chrono::system_clock::time_point loaded_at, const RulesInForce* before);

  const RuleSet& rules() const { return *rules_; }
  const std::shared_ptr<const RuleSet>& shared_rules() const { return rules_; }
  const std::string& revision() const { return revision_; }
  std::chrono::system_clock::time_point loaded_at() const { return loaded_at_; }
  // Of a rule by its place in rules().rules().
  RuleHits& hits(std::size_t rule) const { return *hits_[rule]; }
  // Of one of the rules.
  RuleHits& hits(const Rule& rule) const { return hits(place(rule)); }
  // Asks for the memory that hits() reads, and does not wait for it.
  void fetch_place_of_hits(const Rule& rule) const { MemoryLines::fetch_line(&hits_[place(rule)]); }

 private:
  std::size_t place(const Rule& rule) const {
    return static_cast<std::size_t>(&rule - rules_->rules().data());
  }

  std::shared_ptr<const RuleSet> rules_;
  std::string revision_;
  std::chrono::system_clock::time_point loaded_at_;
  std::vector<std::shared_ptr<RuleHits>> hits_;
};

}  // namespace allocd
