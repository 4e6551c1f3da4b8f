#include "analysis/branch_coverage.h"

#include <utility>
#include <variant>

#include "diagnostics/diagnostic.h"

namespace allocd {

using Kind = MatcherGroupSpec::Kind;

// What was tried of one group, taken entry by entry.
struct BranchCoverage::Entries {
  const std::vector<MatcherTrace>& all;
  std::size_t at = 0;

  const MatcherTrace* take() { return at < all.size() ? &all[at++] : nullptr; }
};

namespace {

SourceRange range_of(const MatcherSpec& part) {
  if (const auto* group = std::get_if<MatcherGroupSpec>(&part)) return group->range;
  return std::get<FieldMatcherSpec>(part).field.range;
}

}  // namespace

std::string_view kind_name(Branch::Kind kind) {
  switch (kind) {
    case Branch::Kind::Any: return "any";
    case Branch::Kind::OnNoHub: return "onNoHub";
    case Branch::Kind::Hub: return "hub";
  }
  return "";
}

BranchCoverage::BranchCoverage(const RuleSetSpec& spec) : spec_(spec) {
  of_rule_.resize(spec.rules.size());
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    collect(spec.rules[i].match, i);
    if (const auto* allocate = std::get_if<AllocateSpec>(&spec.rules[i].outcome))
      collect(*allocate, i);
  }
}

void BranchCoverage::collect(const MatcherGroupSpec& group, std::size_t rule) {
  for (std::size_t i = 0; i < group.parts.size(); ++i) {
    const MatcherSpec& part = group.parts[i];
    if (group.kind == Kind::Any) {
      of_any_.emplace(&part, branches_.size());
      branches_.push_back({Branch::Kind::Any, rule, "branch " + std::to_string(i + 1) + " of `any`",
                           range_of(part)});
    }
    if (const auto* inner = std::get_if<MatcherGroupSpec>(&part)) collect(*inner, rule);
  }
}

void BranchCoverage::collect(const AllocateSpec& allocate, std::size_t rule) {
  const auto* hubs = std::get_if<std::vector<Located<std::string>>>(&allocate.hub);
  if (hubs != nullptr && hubs->size() > 1) {
    of_rule_[rule].first_hub = branches_.size();
    of_rule_[rule].hubs = hubs->size();
    for (const Located<std::string>& hub : *hubs)
      branches_.push_back(
          {Branch::Kind::Hub, rule, "hub pattern " + in_backticks(hub.value), hub.range});
  }
  const auto* refusal = std::get_if<RefusalSpec>(&allocate.on_no_hub);
  const auto* goes_on = std::get_if<ContinueSpec>(&allocate.on_no_hub);
  if (refusal == nullptr && goes_on == nullptr) return;
  of_rule_[rule].has_on_no_hub = true;
  of_rule_[rule].on_no_hub = branches_.size();
  branches_.push_back({Branch::Kind::OnNoHub, rule, "`onNoHub`",
                       refusal != nullptr ? refusal->text.range : goes_on->range});
}

// INVARIANT: goes through the parts as a Matcher traces them: an entry for each operator up to one
// that fails, one for each group, and none for an `all` within an `all`.
void BranchCoverage::mark(const MatcherGroupSpec& group, Entries& entries, bool under_not,
                          bool counts) {
  for (const MatcherSpec& part : group.parts) {
    bool held = false;
    if (const auto* field = std::get_if<FieldMatcherSpec>(&part)) {
      for (std::size_t i = 0; i < field->operators.operators.size(); ++i) {
        const MatcherTrace* entry = entries.take();
        held = entry != nullptr && entry->held;
        if (!held) break;
      }
    } else {
      const auto& inner = std::get<MatcherGroupSpec>(part);
      if (group.kind == Kind::All && inner.kind == Kind::All) {
        mark(inner, entries, under_not, counts);
        continue;
      }
      const MatcherTrace* entry = entries.take();
      if (entry == nullptr) return;
      held = entry->held;
      const bool inverted = under_not || inner.kind == Kind::Not;
      Entries inside{entry->parts};
      mark(inner, inside, inverted, inverted || (counts && held));
    }
    if (group.kind == Kind::Any && held && counts) branches_[of_any_.at(&part)].reached = true;
  }
}

void BranchCoverage::add(const RuleSet& rules, const Trace& trace) {
  for (const RuleTrace& tried : trace) {
    const auto rule = static_cast<std::size_t>(tried.rule - rules.rules().data());
    Entries entries{tried.matchers};
    mark(spec_.rules[rule].match, entries, false, tried.matched);
    const OfRule& of_rule = of_rule_[rule];
    if (tried.hub_pattern && *tried.hub_pattern < of_rule.hubs)
      branches_[of_rule.first_hub + *tried.hub_pattern].reached = true;
    if (tried.no_hub && of_rule.has_on_no_hub) branches_[of_rule.on_no_hub].reached = true;
  }
}

}  // namespace allocd
