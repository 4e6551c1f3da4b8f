#include "daemon/tried_rules.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "daemon/secret_captures.h"
#include "policy/request_values.h"
#include "policy/trace_words.h"
#include "webhook/answer.h"
#include "webhook/parse_request.h"

namespace allocd {

namespace {

constexpr std::size_t kFirst = 5;
constexpr std::size_t kLast = 20;
constexpr std::size_t kNearest = 3;

// How much of a rule's `match` a request fulfils, by its outermost parts. A trace ends with the
// first that failed; here those behind it count too.
struct Nearness {
  std::size_t held = 0;
  std::size_t parts = 0;

  bool is_near() const { return held > 0 && held * 2 >= parts; }
  bool is_nearer_than(const Nearness& other) const {
    if (held * other.parts != other.held * parts) return held * other.parts > other.held * parts;
    return held > other.held;
  }
};

Nearness nearness_of(const RuleTrace& tried, const FieldValues& values) {
  const std::vector<Matcher::Part>& parts = tried.rule->match.parts().parts;
  Nearness out{0, parts.size()};
  auto traced = tried.matchers.begin();
  for (const Matcher::Part& part : parts) {
    if (const auto* field = std::get_if<FieldMatcher>(&part)) {
      if (field->operators.hold(values[field->slot], nullptr)) ++out.held;
      continue;
    }
    // A group; one behind what failed was not tried, and counts as failed.
    traced = std::find_if(traced, tried.matchers.end(),
                          [](const MatcherTrace& matcher) { return matcher.field.empty(); });
    if (traced == tried.matchers.end()) continue;
    if (traced->held) ++out.held;
    ++traced;
  }
  return out;
}

class Teller {
 public:
  // `fields` are null where the body was no request; no rule matched then.
  Teller(const Decision& decision, const Redaction& redaction, const Secrets& secrets,
         const FieldValues* fields)
      : decision_(decision), redaction_(redaction), secrets_(secrets), fields_(fields) {}

  std::string line(RuleTrace tried) const {
    // Values first, while they are whole: in a line they may be cut, or escaped.
    for (MatcherTrace& matcher : tried.matchers) redact(matcher);
    if (tried.matched && fields_ != nullptr && !tried.notes.empty()) {
      const Secrets of_rule = secrets_.with(secret_captures(*tried.rule, *fields_, secrets_));
      for (std::string& note : tried.notes) note = of_rule.in_text(std::move(note));
    }
    std::string out = tried.rule->name + " (" + tried.rule->source + "): ";
    if (!tried.matched) return out + "no, " + secrets_.in_text(why_not(tried));
    out += "matches";
    for (const std::string& note : tried.notes) out += "; hub: " + note;
    if (decision_.rule == tried.rule)
      out += "; decides: " + std::string(outcome_name(decision_.outcome));
    return printable(out, kMaxLineBytes);
  }

 private:
  static constexpr std::size_t kMaxLineBytes = 2000;

  void redact(MatcherTrace& matcher) const {
    if (!redaction_.empty() && matcher.present && redaction_.covers(matcher.field))
      matcher.saw = kRedacted;
    matcher.saw = secrets_.in_json(std::move(matcher.saw));
    matcher.operand = secrets_.in_json(std::move(matcher.operand));
    for (MatcherTrace& part : matcher.parts) redact(part);
  }

  const Decision& decision_;
  const Redaction& redaction_;
  const Secrets& secrets_;
  const FieldValues* fields_;
};

std::vector<std::string> nearest(const Trace& trace, const Decision& decision,
                                 const FieldValues& values, const Teller& teller) {
  std::vector<std::pair<Nearness, const RuleTrace*>> near;
  for (const RuleTrace& tried : trace) {
    if (tried.rule == decision.rule) continue;
    const Nearness nearness = nearness_of(tried, values);
    if (nearness.is_near()) near.emplace_back(nearness, &tried);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first.is_nearer_than(b.first); });
  if (near.size() > kNearest) near.resize(kNearest);
  std::vector<std::string> out;
  for (const auto& [nearness, tried] : near)
    out.push_back(teller.line(*tried) + " [" + std::to_string(nearness.held) + " of " +
                  std::to_string(nearness.parts) +
                  (nearness.parts == 1 ? " matcher held]" : " matchers held]"));
  return out;
}

}  // namespace

TriedRules tried_rules(const RuleSet& rules, std::string_view body, Moment at,
                       const Redaction& redaction) {
  Trace trace;
  const Answer again = answer(rules, body, at, &trace);
  const Secrets secrets = redaction.secrets_of(body);
  TriedRules out;
  out.count = trace.size();
  const auto request = parse_request(body);
  std::optional<RequestValues> values;
  if (const auto* asked = std::get_if<AllocationRequest>(&request))
    values.emplace(values_of(rules.fields(), *asked));
  const Teller teller(again.decision, redaction, secrets, values ? &values->fields : nullptr);
  if (values) out.nearest = nearest(trace, again.decision, values->fields, teller);

  const bool is_long = trace.size() > kFirst + kLast;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (is_long && i == kFirst) {
      const std::size_t left_out = trace.size() - kFirst - kLast;
      out.lines.push_back("… " + std::to_string(left_out) + (left_out == 1 ? " rule" : " rules") +
                          " left out");
      i += left_out;
    }
    out.lines.push_back(teller.line(std::move(trace[i])));
  }
  return out;
}

}  // namespace allocd
