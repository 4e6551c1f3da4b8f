// Rule sets from a text, and decisions as the webhook hands them on.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/decision_event.h"
#include "daemon/redaction.h"
#include "rulefile/load_rules.h"

namespace allocd::test {

using Rules = std::shared_ptr<const RulesInForce>;

// A device that registers with the hubs a.h, b.h and c.h linked; `more` are further members of its
// deviceRuntimeContext, each with a comma in front.
inline std::string device(const std::string& id, const std::string& more = "") {
  return R"({"enrollmentGroup":{},"deviceRuntimeContext":{"registrationId":")" + id + '"' + more +
         R"(},"linkedHubs":["a.h","b.h","c.h"]})";
}

// `text` is what stands below `rules:`, or a whole file with what else it needs.
inline Rules in_force(const std::string& text, const std::string& revision = "0123456789ab") {
  const bool is_whole = text.find("rules:") != std::string::npos;
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(
      std::make_unique<SourceFile>("r.yaml", "r.yaml", is_whole ? text : "rules:\n" + text));
  LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all())
    if (diagnostic.severity == Severity::Error) MESSAGE(render(diagnostic));
  REQUIRE(loaded.rules);
  return std::make_shared<const RulesInForce>(
      std::move(loaded.rules), revision, std::chrono::sys_days(std::chrono::year(2026) / 11 / 23),
      nullptr);
}

inline DecisionEvent decided(const Rules& rules, const std::string& body,
                             std::chrono::system_clock::time_point at = {}) {
  DecisionEvent out;
  out.id = "1";
  out.at = at;
  out.in_force = rules;
  out.body = body;
  out.answer = answer(rules->rules(), body, at);
  out.answer.reply.body.clear();
  return out;
}

inline Redaction redacting(const std::vector<std::string>& fields) {
  std::vector<Located<std::string>> located;
  for (const std::string& field : fields) located.push_back({field, {}});
  Diagnostics diagnostics;
  const auto out = Redaction::parse(located, diagnostics);
  REQUIRE(out);
  return *out;
}

}  // namespace allocd::test
