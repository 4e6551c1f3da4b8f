#include "cli/explain.h"

#include <ostream>
#include <string>

#include "diagnostics/diagnostic.h"
#include "policy/rule_set.h"
#include "policy/trace_words.h"
#include "webhook/reprovisioning.h"

namespace allocd {
namespace {

class Paint {
 public:
  explicit Paint(bool colour) : colour_(colour) {}

  std::string bold(std::string_view text) const { return in("\x1b[1m", text); }
  std::string good(std::string_view text) const { return in("\x1b[32m", text); }
  std::string bad(std::string_view text) const { return in("\x1b[31m", text); }

 private:
  std::string in(std::string_view colour, std::string_view text) const {
    return colour_ ? std::string(colour) + std::string(text) + "\x1b[0m" : std::string(text);
  }

  bool colour_;
};

void print_matcher(const MatcherTrace& matcher, std::size_t indent, const Paint& paint,
                   std::ostream& out) {
  out << std::string(indent, ' ') << (matcher.held ? paint.good("yes") : paint.bad("no"))
      << (matcher.held ? "  " : "   ");
  if (!matcher.field.empty()) out << printable(matcher.field) << ' ';
  out << matcher.op;
  if (!matcher.parts.empty() || matcher.field.empty()) {
    out << '\n';
    for (const MatcherTrace& part : matcher.parts) print_matcher(part, indent + 2, paint, out);
    return;
  }
  out << ' ' << compact(matcher.operand) << ", saw " << value_seen(matcher) << '\n';
}

std::string what_dps_does_with(const Answer& answer, std::string_view body) {
  const Decision& decision = answer.decision;
  const Reprovisioning device = reprovisioning_of(body);
  const Move move = move_to(decision.hub, device);
  const std::string from = printable(device.current_hub);
  const bool has_twin = decision.initial_twin.has_value();
  switch (move) {
    case Move::First:
      return std::string("assigns the device to the hub") +
             (has_twin ? "; the twin is applied (first assignment)" : "");
    case Move::Stays:
      return std::string("leaves the device on the hub, where it is already") +
             (has_twin ? "; the twin is ignored" : "");
    case Move::Migrated:
      return "moves the device from " + from + " (policy: migrate data); its data goes along" +
             (has_twin ? ", the twin is ignored" : "");
    case Move::Reset:
      return "moves the device from " + from + " (policy: reset); its data is lost" +
             (has_twin ? ", the twin is applied" : "");
    case Move::Ignored:
      return "leaves the device on " + from + " (policy: never move)" +
             (has_twin ? "; the twin is ignored" : "");
  }
  return "";
}

std::string what_dps_does(const Answer& answer, std::string_view body) {
  switch (answer.decision.outcome) {
    case Outcome::Allocate: return what_dps_does_with(answer, body);
    case Outcome::Reject:
      return "fails the registration, error 400207; the device may try again later";
    case Outcome::Unauthorized: return "fails the registration, error 400209";
    case Outcome::NoHub: return "fails the registration, error 400208";
    case Outcome::RetryLater:
      return "asks again, up to 10 times in about 7 minutes; the device waits";
  }
  return "";
}

}  // namespace

void print_trace(const Trace& trace, bool colour, std::ostream& out) {
  const Paint paint(colour);
  for (const RuleTrace& rule : trace) {
    out << paint.bold(rule.rule->name) << " (" << rule.rule->source << "): ";
    if (!rule.matched) {
      out << paint.bad("no") << ", " << why_not(rule) << '\n';
      continue;
    }
    out << paint.good("matches") << '\n';
    for (const MatcherTrace& matcher : rule.matchers) print_matcher(matcher, 2, paint, out);
    if (!rule.rollout.empty()) out << "  rollout: " << rule.rollout << '\n';
    for (const auto& [name, text] : rule.captures)
      out << "  ${" << name << "} is \"" << printable(text) << "\"\n";
    for (const std::string& text : rule.notes) out << "  hub: " << text << '\n';
  }
}

void print_decision(const Answer& answer, std::string_view body, bool colour, std::ostream& out) {
  const Paint paint(colour);
  const Decision& decision = answer.decision;
  const std::string outcome(outcome_name(decision.outcome));
  const bool allocates = decision.outcome == Outcome::Allocate;
  out << (allocates ? paint.good(outcome) : paint.bad(outcome)) << ": "
      << printable(allocates ? decision.hub : decision.reason, 4096) << '\n';
  if (decision.rule != nullptr) {
    out << "  rule          " << paint.bold(decision.rule->name) << " (" << decision.rule->source
        << "), product line " << printable(decision.rule->product_line) << '\n';
  } else {
    out << "  rule          none decided\n";
  }
  if (decision.initial_twin)
    out << "  initial twin  " << printable(decision.initial_twin->text(), 65536) << '\n';
  if (decision.payload)
    out << "  payload       " << printable(decision.payload->text(), 65536) << '\n';
  out << "  answer        " << answer.reply.status << ' ' << printable(answer.reply.body, 65536)
      << '\n';
  out << "  DPS           " << what_dps_does(answer, body) << '\n';
}

}  // namespace allocd
