#include "analysis/hub_coverage.h"

#include <algorithm>

namespace allocd {

void check_hub_coverage(const RuleSet& rules, const std::vector<std::string>& linked_hubs,
                        Diagnostics& diagnostics) {
  const auto report = [&](const Rule& rule, const std::string& what) {
    diagnostics.file_error(rule.source, "no-linked-hub",
                           "no linked hub fits " + what + " of rule " + in_backticks(rule.name),
                           "devices of this rule would get its `onNoHub`");
  };
  const auto any_hub = [&](const auto& fits) {
    return std::any_of(linked_hubs.begin(), linked_hubs.end(), fits);
  };
  for (const Rule& rule : rules.rules()) {
    const auto* allocation = std::get_if<Allocation>(&rule.outcome);
    if (allocation == nullptr) continue;
    const HubChoice& choice = allocation->hub;
    if (const auto* operators = std::get_if<Operators>(&choice.hub)) {
      if (!any_hub([&](const std::string& host) {
            return operators->hold(Value(hub_name(host)), nullptr);
          }))
        report(rule, choice.text);
      continue;
    }
    for (const HubPattern& pattern : std::get<std::vector<HubPattern>>(choice.hub))
      if (!any_hub([&](const std::string& host) { return pattern.could_match(host); }))
        report(rule, in_backticks(pattern.text()));
  }
}

}  // namespace allocd
