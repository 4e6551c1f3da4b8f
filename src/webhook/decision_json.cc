#include "webhook/decision_json.h"

#include <utility>

namespace allocd {

namespace {

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json matcher_json(const MatcherTrace& matcher) {
  Json out = Json::object();
  if (!matcher.field.empty()) out["field"] = matcher.field;
  out["operator"] = matcher.op;
  if (matcher.parts.empty()) {
    out["expected"] = matcher.operand;
    out["value"] = matcher.saw;
    out["present"] = matcher.present;
    if (!matcher.why_absent.empty()) out["whyAbsent"] = matcher.why_absent;
  }
  out["held"] = matcher.held;
  if (!matcher.parts.empty()) {
    out["parts"] = Json::array();
    for (const MatcherTrace& part : matcher.parts) out["parts"].push_back(matcher_json(part));
  }
  return out;
}

Json trace_json(const Trace& trace) {
  Json out = Json::array();
  for (const RuleTrace& rule : trace) {
    Json entry = {
        {"rule", rule.rule->name}, {"source", rule.rule->source}, {"matched", rule.matched}};
    entry["matchers"] = Json::array();
    for (const MatcherTrace& matcher : rule.matchers)
      entry["matchers"].push_back(matcher_json(matcher));
    if (!rule.rollout.empty()) entry["rollout"] = rule.rollout;
    entry["captures"] = Json::object();
    for (const auto& [name, text] : rule.captures) entry["captures"][name] = text;
    entry["notes"] = rule.notes;
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

Json decision_json(const Answer& answer, const Trace& trace) {
  const Decision& decision = answer.decision;
  const Rule* rule = decision.rule;
  Json out = {{"outcome", outcome_name(decision.outcome)}, {"status", answer.reply.status}};
  out["rule"] = rule != nullptr ? Json(rule->name) : Json(nullptr);
  out["productLine"] = rule != nullptr ? Json(rule->product_line) : Json(nullptr);
  out["source"] = rule != nullptr ? Json(rule->source) : Json(nullptr);
  out["hub"] = or_null(decision.hub);
  out["reason"] = decision.outcome == Outcome::Allocate ? Json(nullptr) : Json(decision.reason);
  const bool is_json = answer.reply.content_type.starts_with("application/json");
  out["response"] = is_json ? Json::parse(answer.reply.body) : Json(answer.reply.body);
  out["trace"] = trace_json(trace);
  return out;
}

}  // namespace allocd
