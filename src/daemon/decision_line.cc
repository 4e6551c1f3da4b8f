#include "daemon/decision_line.h"

#include <algorithm>
#include <cctype>

#include "diagnostics/diagnostic.h"

namespace allocd {

namespace {

constexpr std::size_t kMaxValueBytes = 512;

bool is_plain_word(std::string_view text) {
  constexpr std::string_view kMarks = "-._:@";
  return !text.empty() && text != "-" && text.size() <= kMaxValueBytes &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (static_cast<unsigned char>(c) < 0x80 &&
                   std::isalnum(static_cast<unsigned char>(c)) != 0) ||
                  kMarks.find(c) != kMarks.npos;
         });
}

std::string in_quotes(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  // Where it is cut `…` follows: no backslash is left to swallow the closing quote.
  return '"' + printable(escaped, kMaxValueBytes) + '"';
}

std::string value(std::string_view text) {
  return is_plain_word(text) ? std::string(text) : in_quotes(text);
}

}  // namespace

std::string decision_line(std::string_view id, const Answer& answer,
                          std::chrono::microseconds took) {
  const Decision& decision = answer.decision;
  std::string line = "decision id=" + std::string(id);
  line += " registrationId=" + (answer.registration_id ? value(*answer.registration_id) : "-");
  line += " outcome=" + std::string(outcome_name(decision.outcome));
  line += " status=" + std::to_string(answer.reply.status);
  line += " rule=" + (decision.rule != nullptr ? value(decision.rule->name) : "-");
  line += " hub=" + (decision.hub.empty() ? "-" : value(decision.hub));
  line += " reason=" + (decision.reason.empty() ? "-" : in_quotes(decision.reason));
  line += " micros=" + std::to_string(took.count());
  return line;
}

}  // namespace allocd
