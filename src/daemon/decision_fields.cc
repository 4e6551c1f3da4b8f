#include "daemon/decision_fields.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "daemon/secret_captures.h"

namespace allocd {

LogFields decision_fields(const DecisionEvent& event, const Redaction& redaction) {
  const Decision& decision = event.answer.decision;
  const Secrets secrets = redaction.secrets_of(event.body);
  const Secrets of_answer = secrets_of_answer(event, secrets);
  const auto text = [&](const std::string& value) -> decltype(LogField::value) {
    if (value.empty()) return std::monostate();
    return of_answer.in_text(value);
  };
  decltype(LogField::value) id;
  if (event.answer.registration_id) id = secrets.in_text(*event.answer.registration_id);
  decltype(LogField::value) reason;
  if (!decision.reason.empty()) reason = LogText{of_answer.in_text(decision.reason)};
  decltype(LogField::value) rule;
  if (decision.rule != nullptr) rule = decision.rule->name;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(event.took).count();
  return {{"id", event.id},
          {"registrationId", std::move(id)},
          {"outcome", std::string(outcome_name(decision.outcome))},
          {"status", std::int64_t{event.answer.reply.status}},
          {"rule", std::move(rule)},
          {"hub", text(decision.hub)},
          {"reason", std::move(reason)},
          {"micros", std::int64_t{micros}}};
}

}  // namespace allocd
