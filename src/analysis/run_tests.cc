#include "analysis/run_tests.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/json_difference.h"
#include "diagnostics/diagnostic.h"
#include "policy/hub_pattern.h"
#include "policy/letter_case.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

std::string compact(const Json& json) {
  return printable(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string in_words(const MatcherTrace& matcher) {
  if (matcher.field.empty()) {
    // Of a group, the part that settled it tells more than the group.
    const auto settled = std::find_if(matcher.parts.rbegin(), matcher.parts.rend(),
                                      [](const MatcherTrace& part) { return !part.held; });
    if (settled != matcher.parts.rend() && matcher.op != "not")
      return in_words(*settled) + (matcher.op == "any" ? ", the last of `any`" : "");
    return "`" + matcher.op + "` does not hold";
  }
  std::string out = in_backticks(matcher.field) + " " + matcher.op;
  if (!matcher.operand.is_null()) out += " " + compact(matcher.operand);
  return out + (matcher.present ? ", but it is " + compact(matcher.saw) : ", but it is not there");
}

std::string place_of(const Rule& rule) {
  return in_backticks(rule.name) + " (" + rule.source + ")";
}

// Why a rule that was expected to decide did not.
std::string why_not(const std::string& expected, const RuleSet& rules, const Decision& decision,
                    const Trace& trace) {
  const auto named = [&](const Rule& rule) { return rule.name == expected; };
  if (std::none_of(rules.rules().begin(), rules.rules().end(), named))
    return "there is no rule " + in_backticks(expected);
  const auto tried = std::find_if(trace.begin(), trace.end(),
                                  [&](const RuleTrace& each) { return named(*each.rule); });
  if (tried == trace.end()) {
    if (decision.rule == nullptr) return "no rule was tried";
    return in_backticks(expected) + " was not tried: " + place_of(*decision.rule) +
           " stands before it and decides";
  }
  if (tried->matched)
    return in_backticks(expected) + " matches, but " +
           (tried->notes.empty() ? "goes on" : tried->notes.back());
  const auto failed = std::find_if(tried->matchers.begin(), tried->matchers.end(),
                                   [](const MatcherTrace& matcher) { return !matcher.held; });
  return in_backticks(expected) + " does not match: " +
         (failed != tried->matchers.end() ? in_words(*failed)
          : tried->notes.empty()          ? "one of its matchers fails"
                                          : tried->notes.back());
}

// Answers against one expectation.
class Checker {
 public:
  Checker(const Expectation& expect, const Answer& answer) : expect_(expect), answer_(answer) {}

  std::vector<std::string> run(const RuleSet& rules, const Trace& trace) {
    const Decision& decision = answer_.decision;
    const Json rule = decision.rule != nullptr ? Json(decision.rule->name) : Json(nullptr);
    if (!check(expect_.rule, rule, "rule") && expect_.rule->is_string())
      failures_.push_back(why_not(expect_.rule->get<std::string>(), rules, decision, trace));
    if (expect_.status) check(Json(*expect_.status), Json(answer_.reply.status), "status");
    check_hub();
    const bool is_json = answer_.reply.content_type.starts_with("application/json");
    const Json body = is_json ? Json::parse(answer_.reply.body) : Json::object();
    check(expect_.initial_twin, body.value("initialTwin", Json(nullptr)), "initialTwin");
    check(expect_.payload, body.value("payload", Json(nullptr)), "payload");
    const bool allocates = decision.outcome == Outcome::Allocate;
    check(expect_.reason, allocates ? Json(nullptr) : Json(decision.reason), "reason");
    return std::move(failures_);
  }

 private:
  bool check(const std::optional<Json>& expected, const Json& got, const std::string& what) {
    if (!expected) return true;
    auto lines = json_difference(*expected, got, what);
    failures_.insert(failures_.end(), lines.begin(), lines.end());
    return lines.empty();
  }

  // By its host name or its hub name, letters of any case.
  void check_hub() {
    const std::string& hub = answer_.decision.hub;
    if (expect_.hub && expect_.hub->is_string() && !hub.empty()) {
      const auto& expected = expect_.hub->get_ref<const std::string&>();
      if (equal_ignoring_case(expected, hub) || equal_ignoring_case(expected, hub_name(hub)))
        return;
    }
    check(expect_.hub, hub.empty() ? Json(nullptr) : Json(hub), "hub");
  }

  const Expectation& expect_;
  const Answer& answer_;
  std::vector<std::string> failures_;
};

}  // namespace

double Coverage::percent() const {
  return rules == 0 ? 100.0 : 100.0 * static_cast<double>(reached) / static_cast<double>(rules);
}

TestRun run_tests(const RuleSet& rules, const std::vector<TestCase>& tests, Moment now) {
  TestRun out;
  std::set<const Rule*> reached;
  for (const TestCase& test : tests) {
    Trace trace;
    const Answer given = answer(rules, test.body, now, &trace);
    if (given.decision.rule != nullptr) reached.insert(given.decision.rule);
    out.results.push_back({&test, Checker(test.expect, given).run(rules, trace)});
    if (!out.results.back().passed()) ++out.failed;
  }
  out.coverage.rules = rules.rules().size();
  out.coverage.reached = reached.size();
  for (const Rule& rule : rules.rules())
    if (!reached.contains(&rule)) out.coverage.unreached.push_back(rule.name);
  return out;
}

}  // namespace allocd
