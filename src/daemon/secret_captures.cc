#include "daemon/secret_captures.h"

#include <cstddef>
#include <variant>

#include "policy/request_values.h"
#include "webhook/parse_request.h"

namespace allocd {

namespace {

// Notes the field that each variable is cut out of, by its slot.
void note_origins(const Matcher::Group& group, std::vector<std::size_t>& slots) {
  for (const Matcher::Part& part : group.parts) {
    if (const auto* inner = std::get_if<Matcher::Group>(&part)) {
      note_origins(*inner, slots);
      continue;
    }
    const auto& field = std::get<FieldMatcher>(part);
    for (const CompiledOperator& op : field.operators.all())
      if (const auto* pattern = std::get_if<Pattern>(&op.test))
        for (const std::size_t variable : pattern->variables) slots[variable] = field.slot;
  }
}

// Whether `piece` stands in `text` beside what was redacted there.
bool is_told(std::string_view piece, std::string_view text) {
  for (;;) {
    const std::size_t end = text.find(kRedacted);
    if (text.substr(0, end).find(piece) != std::string_view::npos) return true;
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + kRedacted.size());
  }
}

}  // namespace

std::vector<std::string> secret_captures(const Rule& rule, const FieldValues& fields,
                                         const Secrets& secrets) {
  std::vector<std::string> out;
  if (secrets.empty() || rule.variables.empty()) return out;
  Captures captures(rule.variables.size());
  rule.match.holds(fields, captures);
  std::vector<std::size_t> slots(captures.size());
  note_origins(rule.match.parts(), slots);
  for (std::size_t i = 0; i < captures.size(); ++i) {
    if (!captures[i]) continue;
    const std::string_view* whole = fields[slots[i]].text();
    if (whole != nullptr && !is_told(*captures[i], secrets.in_text(std::string(*whole))))
      out.emplace_back(*captures[i]);
  }
  return out;
}

Secrets with_captures(const Secrets& secrets, const RuleSet& rules, const Rule* rule,
                      std::string_view body) {
  if (secrets.empty() || rule == nullptr || rule->variables.empty()) return secrets;
  const auto parsed = parse_request(body);
  const auto* request = std::get_if<AllocationRequest>(&parsed);
  if (request == nullptr) return secrets;
  return secrets.with(secret_captures(*rule, values_of(rules.fields(), *request).fields, secrets));
}

Secrets secrets_of_answer(const DecisionEvent& event, const Secrets& secrets) {
  if (event.in_force == nullptr) return secrets;
  return with_captures(secrets, event.in_force->rules(), event.answer.decision.rule, event.body);
}

}  // namespace allocd
