#include "analysis/near_miss.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/id_alphabet.h"
#include "analysis/rule_cases.h"
#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxRulesBefore = 32;  // that are looked at
constexpr std::size_t kMaxValues = 24;       // of one field that are tried for one demand

// A character of the same kind.
char next_of_its_kind(char c) {
  if (c >= '0' && c <= '9') return c == '9' ? '0' : static_cast<char>(c + 1);
  if (c >= 'a' && c <= 'z') return c == 'z' ? 'a' : static_cast<char>(c + 1);
  if (c >= 'A' && c <= 'Z') return c == 'Z' ? 'A' : static_cast<char>(c + 1);
  return 'x';
}

class Changes {
 public:
  Changes(const RuleSet& rules, std::size_t rule, const std::string& id, const MadeFields& fields,
          const std::function<bool(const ChangedRequest&)>& see)
      : rules_(rules.rules()), rule_(rule), id_(id), fields_(fields), see_(see) {}

  bool run() { return in_id() || in_own_fields() || for_rules_before(); }

 private:
  // People look at the end of an ID first.
  bool in_id() {
    for (std::size_t at = id_.size(); at-- > 0;)
      for (const char c : {next_of_its_kind(id_[at]), 'x', '0', '-'}) {
        std::string id = id_;
        id[at] = c;
        if (try_id(std::move(id), "another character in the ID")) return true;
      }
    for (std::size_t at = id_.size(); at-- > 0;)
      if (try_id(std::string(id_).erase(at, 1), "a character less in the ID")) return true;
    for (const char* more : {"0", "x", "-"})
      if (try_id(id_ + more, "a character more in the ID") ||
          try_id(more + id_, "a character more in the ID"))
        return true;
    return false;
  }

  bool try_id(std::string id, const char* change) {
    return id != id_ && is_valid_id(id) && see_({std::move(id), fields_, change});
  }

  // Values that the rule does not want.
  bool in_own_fields() {
    const RuleCases own = cases_of(rules_[rule_]);
    for (const RuleCase& rule_case : own.cases)
      for (const FieldDemand& demand : rule_case.demands) {
        FieldDemand opposite = demand;
        opposite.negated = !demand.negated;
        if (try_values(*demand.field, values_that_meet(*demand.field, {opposite}, {demand})))
          return true;
      }
    return false;
  }

  // Values that a rule before wants.
  bool for_rules_before() {
    const std::size_t first = rule_ - std::min(rule_, kMaxRulesBefore);
    for (std::size_t i = rule_; i-- > first;) {
      const RuleCases theirs = cases_of(rules_[i]);
      for (const RuleCase& rule_case : theirs.cases)
        for (const FieldDemand& demand : rule_case.demands)
          if (try_values(*demand.field, values_that_meet(*demand.field, {demand}, {}))) return true;
    }
    return false;
  }

  // Those of the same type as now first, then other scalars, then none.
  bool try_values(const std::string& field, std::vector<std::optional<Json>> values) {
    const auto place = fields_.find(field);
    const std::optional<Json> now = place != fields_.end() ? place->second : std::nullopt;
    const auto rank = [&](const std::optional<Json>& value) {
      if (!value) return 2;
      if (now && value->type() == now->type()) return 0;
      return value->is_structured() ? 3 : 1;
    };
    std::stable_sort(values.begin(), values.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    if (values.size() > kMaxValues) values.resize(kMaxValues);
    for (std::optional<Json>& value : values) {
      if (value == now) continue;
      std::string change =
          value ? field + " is " +
                      printable(value->dump(-1, ' ', false, Json::error_handler_t::replace), 60)
                : "no " + field;
      MadeFields changed = fields_;
      changed[field] = std::move(value);
      if (see_({id_, std::move(changed), std::move(change)})) return true;
    }
    return false;
  }

  const std::vector<Rule>& rules_;
  std::size_t rule_;
  const std::string& id_;
  const MadeFields& fields_;
  const std::function<bool(const ChangedRequest&)>& see_;
};

}  // namespace

bool for_each_change(const RuleSet& rules, std::size_t rule, const std::string& registration_id,
                     const MadeFields& fields,
                     const std::function<bool(const ChangedRequest&)>& see) {
  return Changes(rules, rule, registration_id, fields, see).run();
}

}  // namespace allocd
