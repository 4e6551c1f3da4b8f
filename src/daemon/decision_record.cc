#include "daemon/decision_record.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/secret_captures.h"
#include "diagnostics/utf8.h"
#include "webhook/raw_member.h"
#include "webhook/reply.h"
#include "webhook/reprovisioning.h"

namespace allocd {

namespace {

// "2026-03-01T12:00:00.250Z"
std::string rfc3339(std::chrono::system_clock::time_point at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(at - seconds);
  const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  char date[40];
  const std::size_t length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char rest[8];
  std::snprintf(rest, sizeof rest, ".%03dZ", static_cast<int>(millis.count()));
  return std::string(date, length) + rest;
}

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

// What DPS says of the enrollment: which record there is, and what it is called.
Json enrollment_of(const DecisionEvent& event, const Secrets& secrets) {
  // A body that is no request has no enrollment, whatever it looks like.
  if (!event.answer.registration_id) return nullptr;
  const std::string_view body = event.body;
  const auto group = raw_member(body, "enrollmentGroup");
  const auto record = group ? group : raw_member(body, "individualEnrollment");
  if (!record) return nullptr;
  const auto id = raw_member(*record, group ? "enrollmentGroupId" : "registrationId");
  const auto text = id ? text_of_raw(*id) : std::nullopt;
  Json out = Json::object();
  out["id"] = text ? Json(secrets.in_text(*text)) : Json(nullptr);
  out["kind"] = group ? "group" : "individual";
  return out;
}

Json twin_effect_of(const DecisionEvent& event) {
  const Decision& decision = event.answer.decision;
  if (decision.outcome != Outcome::Allocate || !decision.initial_twin) return nullptr;
  return twin_effect(move_to(decision.hub, reprovisioning_of(event.body)));
}

void add_request(const std::string& body, const Redaction& redaction, Json request, Json& record) {
  if (request.is_object()) {
    record["request"] = std::move(request);
    return;
  }
  if (!redaction.empty()) {
    record["request"] = nullptr;
    return;
  }
  std::size_t length = std::min(body.size(), kMaxTextBytes);
  // Not in the middle of a character.
  while (length < body.size() && length > 0 &&
         (static_cast<unsigned char>(body[length]) & 0xC0U) == 0x80U)
    --length;
  record["request"] = body.substr(0, length);
  if (length < body.size()) record["requestCutFrom"] = body.size();
}

Json response_of(const Decision& decision, const Secrets& secrets) {
  const Reply reply = render_reply(decision);
  if (reply.content_type.starts_with("application/json"))
    if (Json body = Json::parse(reply.body, nullptr, false); !body.is_discarded())
      return secrets.in_json(std::move(body));
  return secrets.in_text(reply.body);
}

}  // namespace

Json decision_record(const DecisionEvent& event, const Redaction& redaction, RecordParts parts) {
  const bool reads_body = parts.request || !redaction.empty();
  return decision_record(event, redaction, parts,
                         reads_body ? redaction.of(event.body) : Redaction::Redacted{});
}

Json decision_record(const DecisionEvent& event, const Redaction& redaction, RecordParts parts,
                     Redaction::Redacted redacted) {
  const Decision& decision = event.answer.decision;
  const Secrets& secrets = redacted.secrets;
  const Secrets of_answer = secrets_of_answer(event, secrets);
  const auto made_of_request = [&](const std::string& text) {
    return text_or_null(of_answer.in_text(text));
  };
  Json out = Json::object();
  out["time"] = rfc3339(event.at);
  out["id"] = event.id;
  out["revision"] = event.in_force != nullptr ? Json(event.in_force->revision()) : Json(nullptr);
  out["registrationId"] = event.answer.registration_id
                              ? Json(secrets.in_text(*event.answer.registration_id))
                              : Json(nullptr);
  out["enrollment"] = enrollment_of(event, secrets);
  out["outcome"] = outcome_name(decision.outcome);
  out["status"] = event.answer.reply.status;
  const Rule* rule = decision.rule;
  out["rule"] = rule != nullptr ? Json(rule->name) : Json(nullptr);
  out["productLine"] = rule != nullptr ? text_or_null(rule->product_line) : Json(nullptr);
  out["source"] = rule != nullptr ? text_or_null(rule->source) : Json(nullptr);
  out["hub"] = made_of_request(decision.hub);
  out["reason"] = made_of_request(decision.reason);
  out["twinEffect"] = twin_effect_of(event);
  out["durationMicros"] = std::chrono::duration_cast<std::chrono::microseconds>(event.took).count();
  if (parts.request) add_request(event.body, redaction, std::move(redacted.request), out);
  if (parts.response) out["response"] = response_of(decision, of_answer);
  return out;
}

std::string record_line(const Json& record) {
  return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace allocd
