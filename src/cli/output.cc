#include "cli/output.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include "cli/commands.h"

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

bool wants_colour(int file_descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(file_descriptor) != 0 && (no_colour == nullptr || *no_colour == '\0');
}

int wrong_usage(std::string_view command, const std::string& message) {
  std::cerr << "allocd " << command << ": " << message
            << "\nRun with --help for more information.\n";
  return kWrongUsage;
}

void print_diagnostics(const Diagnostics& diagnostics, bool colour, std::ostream& out) {
  for (const Diagnostic& d : diagnostics.sorted()) out << render(d, colour);
  if (diagnostics.dropped() > 0) out << "and " << diagnostics.dropped() << " more\n";
}

Json diagnostics_json(const LoadedRules& loaded) {
  Json out = {{"ok", !loaded.diagnostics.has_errors()},
              {"files", loaded.files},
              {"rules", loaded.rule_count},
              {"revision", loaded.revision}};
  out["diagnostics"] = Json::array();
  for (const Diagnostic& d : loaded.diagnostics.sorted()) {
    Json entry = {{"severity", severity_name(d.severity)}, {"code", d.code}};
    entry["file"] = or_null(d.file);
    entry["line"] = d.line > 0 ? Json(d.line) : Json(nullptr);
    entry["column"] = d.line > 0 ? Json(d.column) : Json(nullptr);
    entry["message"] = d.message;
    entry["help"] = or_null(d.help);
    out["diagnostics"].push_back(std::move(entry));
  }
  return out;
}

void add_witnesses(const RuleSet& rules, const Reachability& reachability, Json& out) {
  const auto name = [&](std::size_t rule) { return rules.rules()[rule].name; };
  out["witnesses"] = Json::array();
  for (std::size_t i = 0; i < reachability.rules.size(); ++i) {
    const RuleReach& reach = reachability.rules[i];
    Json entry = {{"rule", name(i)}, {"status", status_name(reach.status)}};
    entry["registrationId"] = or_null(reach.registration_id);
    entry["coveredBy"] = Json::array();
    for (const std::size_t other : reach.covered_by) entry["coveredBy"].push_back(name(other));
    if (!reach.why.empty()) entry["reason"] = reach.why;
    out["witnesses"].push_back(std::move(entry));
  }
  out["overlaps"] = Json::array();
  for (const Overlap& overlap : reachability.overlaps) {
    Json entry = Json::object();
    entry["rules"] = Json::array({name(overlap.first), name(overlap.second)});
    entry["registrationId"] = overlap.registration_id;
    out["overlaps"].push_back(std::move(entry));
  }
  out["overlapsLeftOut"] = reachability.overlaps_left_out;
}

void print_witnesses(const RuleSet& rules, const Reachability& reachability, std::ostream& out) {
  std::size_t width = 0;
  for (const Rule& rule : rules.rules()) width = std::max(width, rule.name.size());
  for (std::size_t i = 0; i < reachability.rules.size(); ++i) {
    const Rule& rule = rules.rules()[i];
    const RuleReach& reach = reachability.rules[i];
    out << rule.name << std::string(width + 2 - rule.name.size(), ' ') << status_name(reach.status);
    if (reach.status == RuleReach::Status::Reachable) {
      out << "     " << reach.registration_id;
    } else if (reach.status == RuleReach::Status::NotAnalysed) {
      out << "  " << printable(reach.why);
    } else {
      for (const std::size_t other : reach.covered_by)
        out << (other == reach.covered_by.front() ? "   by " : ", ") << rules.rules()[other].name;
    }
    out << '\n';
  }
  if (!reachability.overlaps.empty()) out << "\nthe order decides:\n";
  for (const Overlap& overlap : reachability.overlaps)
    out << "  " << overlap.registration_id << "  " << rules.rules()[overlap.first].name
        << " before " << rules.rules()[overlap.second].name << '\n';
  if (reachability.overlaps_left_out > 0)
    out << "  pairs of rules that may overlap and are not shown: " << reachability.overlaps_left_out
        << '\n';
}

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
