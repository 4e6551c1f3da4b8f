#include "policy/trace_words.h"

#include <algorithm>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxParts = 4;  // of a group that are told in one line

std::string in_one_line(const MatcherTrace& matcher);

std::string parts_in_one_line(const MatcherTrace& group) {
  const std::size_t shown = std::min(group.parts.size(), kMaxParts);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) out += (i > 0 ? "; " : "") + in_one_line(group.parts[i]);
  if (group.parts.size() > shown)
    out += "; and " + std::to_string(group.parts.size() - shown) + " more";
  return group.parts.size() == 1 ? out : '(' + out + ')';
}

// A matcher with the value that it saw; of a group, what settled it.
std::string in_one_line(const MatcherTrace& matcher) {
  if (!matcher.parts.empty() && (matcher.op == "all" || matcher.op == "any")) {
    // One part is enough to fail `all`, and one to hold `any`; it is the last that was tried.
    const bool is_settled_by_one = (matcher.op == "any") == matcher.held;
    return is_settled_by_one ? in_one_line(matcher.parts.back())
                             : matcher.op + ' ' + parts_in_one_line(matcher);
  }
  if (!matcher.parts.empty()) return matcher.op + ' ' + parts_in_one_line(matcher);
  if (matcher.field.empty()) return matcher.op;
  return printable(matcher.field) + ' ' + matcher.op + ' ' + compact(matcher.operand) + ": is " +
         value_seen(matcher);
}

}  // namespace

std::string compact(const Json& json) {
  return printable(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string value_seen(const MatcherTrace& matcher) {
  return (matcher.present ? compact(matcher.saw) : "nothing") +
         (matcher.why_absent.empty() ? "" : " (" + matcher.why_absent + ")");
}

std::string why_not(const RuleTrace& rule) {
  const auto failed = std::find_if(rule.matchers.begin(), rule.matchers.end(),
                                   [](const MatcherTrace& matcher) { return !matcher.held; });
  if (failed != rule.matchers.end()) return in_one_line(*failed);
  return "rollout: " + rule.rollout;
}

}  // namespace allocd
