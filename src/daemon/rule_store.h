// Hands out the rules in force.
#pragma once

#include <memory>
#include <mutex>

#include "policy/rule_set.h"

namespace allocd {

// Safe to call from any thread: a snapshot stays valid, and unchanged, for as long as the caller
// keeps it.
class RuleStore {
 public:
  explicit RuleStore(std::shared_ptr<const RuleSet> rules);

  std::shared_ptr<const RuleSet> snapshot() const;
  // What is asked from now on is answered by `rules`; who has a snapshot goes on with it.
  void replace(std::shared_ptr<const RuleSet> rules);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RuleSet> rules_;
};

}  // namespace allocd
