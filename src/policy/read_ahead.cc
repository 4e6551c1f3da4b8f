#include "policy/read_ahead.h"

#include <variant>

#include "policy/rule_set.h"

namespace allocd {
namespace {

// So few that reading ahead takes longer than it saves.
constexpr std::size_t kFew = 256;

void add_allocation(const Allocation& allocation, MemoryLines& out) {
  if (const auto* patterns = std::get_if<std::vector<HubPattern>>(&allocation.hub.hub)) {
    out.add(*patterns);
    for (const HubPattern& pattern : *patterns) pattern.add_to(out);
  } else {
    std::get<Operators>(allocation.hub.hub).add_to(out);
  }
  if (allocation.initial_twin) {
    const TwinTemplate& twin = *allocation.initial_twin;
    if (twin.literal) {
      out.add(*twin.literal);
    } else {
      twin.desired.add_to(out);
      twin.tags.add_to(out);
    }
  }
  if (allocation.payload) {
    if (allocation.payload->literal) {
      out.add(*allocation.payload->literal);
    } else {
      allocation.payload->value.add_to(out);
    }
  }
}

}  // namespace

ReadAhead::ReadAhead(const std::vector<Rule>& rules) {
  if (rules.size() <= kFew) return;
  lines_.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    MemoryLines& out = lines_[i];
    out.add(&rule, sizeof rule);
    rule.match.add_to(out);
    if (const auto* refusal = std::get_if<Refusal>(&rule.outcome)) {
      refusal->text.add_to(out);
    } else {
      add_allocation(std::get<Allocation>(rule.outcome), out);
    }
    out.add(rule.name);
    out.add(rule.product_line);
  }
}

}  // namespace allocd
