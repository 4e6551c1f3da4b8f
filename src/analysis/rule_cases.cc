#include "analysis/rule_cases.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace allocd {
namespace {

using Cases = std::vector<RuleCase>;

// Multiplies and adds up cases, until there are too many.
class Expansion {
 public:
  bool too_many() const { return too_many_; }

  Cases of_group(const Matcher::Group& group, bool negated) {
    const bool inverts = group.kind == Matcher::Kind::Not;
    const bool of_parts_negated = negated != inverts;
    // `not` of a map holds where any of the map's entries does not.
    const bool any = (group.kind == Matcher::Kind::Any) != of_parts_negated;
    Cases out = any ? Cases{} : Cases{RuleCase{}};
    for (const Matcher::Part& part : group.parts) join(out, of_part(part, of_parts_negated), any);
    return out;
  }

 private:
  Cases of_part(const Matcher::Part& part, bool negated) {
    if (const auto* group = std::get_if<Matcher::Group>(&part)) return of_group(*group, negated);
    const auto& field = std::get<FieldMatcher>(part);
    return of_operators(field, field.operators, negated);
  }

  Cases of_operators(const FieldMatcher& field, const Operators& operators, bool negated) {
    Cases out = negated ? Cases{} : Cases{RuleCase{}};
    for (const CompiledOperator& op : operators.all()) {
      const auto* inner = std::get_if<Operators>(&op.test);
      join(out,
           inner != nullptr ? of_operators(field, *inner, !negated)
                            : Cases{of_operator(field, op, negated)},
           negated);
    }
    return out;
  }

  static RuleCase of_operator(const FieldMatcher& field, const CompiledOperator& op, bool negated) {
    RuleCase out;
    (field.slot == FieldTable::kRegistrationId ? out.on_id : out.demands)
        .push_back({&field.field, field.slot, &op, negated});
    return out;
  }

  void join(Cases& out, Cases more, bool any) {
    if (any) {
      std::move(more.begin(), more.end(), std::back_inserter(out));
    } else {
      Cases product;
      if (out.size() * more.size() <= RuleCases::kMaxCases)
        for (const RuleCase& a : out)
          for (const RuleCase& b : more) product.push_back(both(a, b));
      else
        too_many_ = true;
      out = std::move(product);
    }
    if (out.size() > RuleCases::kMaxCases) too_many_ = true;
    if (too_many_) out.clear();
  }

  static RuleCase both(RuleCase a, const RuleCase& b) {
    a.on_id.insert(a.on_id.end(), b.on_id.begin(), b.on_id.end());
    a.demands.insert(a.demands.end(), b.demands.begin(), b.demands.end());
    return a;
  }

  bool too_many_ = false;
};

}  // namespace

RuleCases cases_of(const Rule& rule) {
  RuleCases out;
  Expansion expansion;
  out.cases = expansion.of_group(rule.match.parts(), false);
  if (expansion.too_many()) {
    out.cases.clear();
    out.not_analysed = "its matchers hold in more than " + std::to_string(RuleCases::kMaxCases) +
                       " different ways";
  }
  return out;
}

// INVARIANT: the one place that says so. Whatever lets a device that a rule matches go on to the
// next rule must be named here, or rules behind it would be called unreachable.
bool takes_all(const Rule& rule) {
  if (rule.rollout && !rule.rollout->is_everybody()) return false;
  const auto* allocation = std::get_if<Allocation>(&rule.outcome);
  return allocation == nullptr ||
         !std::holds_alternative<ContinueWithNextRule>(allocation->on_no_hub);
}

}  // namespace allocd
