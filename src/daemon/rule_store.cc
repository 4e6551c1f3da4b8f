#include "daemon/rule_store.h"

#include <utility>

namespace allocd {

RuleStore::RuleStore(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}

std::shared_ptr<const RuleSet> RuleStore::snapshot() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

void RuleStore::replace(std::shared_ptr<const RuleSet> rules) {
  {
    const std::lock_guard lock(mutex_);
    rules_.swap(rules);
  }
  // The old set may end here: outside the lock, for it can be large.
}

}  // namespace allocd
