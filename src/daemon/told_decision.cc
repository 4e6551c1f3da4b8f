#include "daemon/told_decision.h"

#include <cstddef>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "policy/rule_set.h"

namespace allocd {
namespace {

// IDs have up to 128 letters, host names up to 253; reasons are sentences.
constexpr std::size_t kMaxBytes = 512;

bool is_within_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::string told(std::string_view text, const Secrets& secrets) {
  // INVARIANT: nothing is cut before it is redacted, for half a secret is not found.
  std::string out = secrets.in_text(std::string(text));
  if (out.size() <= kMaxBytes) return out;
  std::size_t end = kMaxBytes;
  while (end > 0 && is_within_character(out[end])) --end;
  out.resize(end);
  return out + "…";
}

ToldDecision::ToldDecision(const Decision& decision, const Secrets& secrets)
    : outcome(decision.outcome),
      rule(decision.rule != nullptr ? decision.rule->name : ""),
      hub(told(decision.hub, secrets)),
      reason(told(decision.reason, secrets)) {}

Json ToldDecision::json() const {
  return {{"outcome", outcome_name(outcome)},
          {"rule", name_or_null(rule)},
          {"hub", name_or_null(hub)},
          {"reason", name_or_null(reason)}};
}

std::string ToldDecision::in_words() const {
  if (outcome == Outcome::Allocate) return printable(hub) + " (" + rule + ')';
  return std::string(outcome_name(outcome)) + " by " + rule_in_words(rule) + ": " +
         in_backticks(reason);
}

std::string rule_in_words(std::string_view rule) {
  return rule.empty() ? "no rule" : std::string(rule);
}

Json name_or_null(const std::string& name) { return name.empty() ? Json(nullptr) : Json(name); }

}  // namespace allocd
