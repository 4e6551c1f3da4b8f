#include "analysis/run_tests.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/check_expectation.h"
#include "diagnostics/diagnostic.h"
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
         (failed != tried->matchers.end()
              ? in_words(*failed)
              : "its `rollout` leaves the device out, " +
                    tried->rollout.substr(tried->rollout.find(':') + 2));
}

}  // namespace

double Coverage::percent() const {
  return rules == 0 ? 100.0 : 100.0 * static_cast<double>(reached) / static_cast<double>(rules);
}

std::size_t Coverage::branches_reached() const {
  return static_cast<std::size_t>(std::count_if(branches.begin(), branches.end(),
                                                [](const Branch& each) { return each.reached; }));
}

TestRun run_tests(const RuleSet& rules, const RuleSetSpec& spec, const std::vector<TestCase>& tests,
                  Moment now) {
  TestRun out;
  std::set<const Rule*> reached;
  BranchCoverage branches(spec);
  for (const TestCase& test : tests) {
    Trace trace;
    const Answer given = answer(rules, test.body, now, &trace);
    if (given.decision.rule != nullptr) reached.insert(given.decision.rule);
    branches.add(rules, trace);
    std::vector<std::string> failures = differences(test.expect, given);
    if (!is_expected_rule(test.expect, given.decision) && test.expect.rule->is_string())
      failures.insert(failures.begin() + 1,
                      why_not(test.expect.rule->get<std::string>(), rules, given.decision, trace));
    out.results.push_back({&test, std::move(failures)});
    if (!out.results.back().passed()) ++out.failed;
  }
  out.coverage.rules = rules.rules().size();
  out.coverage.reached = reached.size();
  for (std::size_t i = 0; i < rules.rules().size(); ++i)
    if (!reached.contains(&rules.rules()[i])) out.coverage.unreached.push_back(spec.rules[i].name);
  out.coverage.branches = branches.branches();
  return out;
}

}  // namespace allocd
