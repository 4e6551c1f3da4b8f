#include "daemon/rules_in_force.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace allocd {

RulesInForce::RulesInForce(std::shared_ptr<const RuleSet> rules, std::string revision,
                           std::chrono::system_clock::time_point loaded_at,
                           const RulesInForce* before)
    : rules_(std::move(rules)), revision_(std::move(revision)), loaded_at_(loaded_at) {
  std::unordered_map<std::string_view, std::shared_ptr<RuleHits>> known;
  if (before != nullptr) {
    const std::vector<Rule>& old = before->rules().rules();
    for (std::size_t i = 0; i < old.size(); ++i) known.emplace(old[i].name, before->hits_[i]);
  }
  hits_.reserve(rules_->rules().size());
  for (const Rule& rule : rules_->rules()) {
    const auto found = known.find(rule.name);
    hits_.push_back(found != known.end() ? found->second : std::make_shared<RuleHits>());
  }
}

}  // namespace allocd
