// A decision as operators are told of it: in few words, and with nothing in it that is redacted.
#pragma once

#include <string>
#include <string_view>

#include "daemon/redaction.h"
#include "policy/decision.h"
#include "policy/located_value.h"

namespace allocd {

// Owns all that it says; `secrets` are those of the request.
struct ToldDecision {
  ToldDecision(const Decision& decision, const Secrets& secrets);

  // `{"outcome","rule","hub","reason"}`; null where there is none.
  Json json() const;
  // "hub-a.azure-devices.net (rule-a)", or "reject by rule-a: `no more hubs`".
  std::string in_words() const;

  Outcome outcome;
  std::string rule;  // empty: none decided
  std::string hub;   // empty: refused
  std::string reason;
};

// A text of a request without its secrets, cut to some hundred bytes with `…`.
std::string told(std::string_view text, const Secrets& secrets);

// "no rule" for the empty name.
std::string rule_in_words(std::string_view rule);

// The name, or null where it is empty.
Json name_or_null(const std::string& name);

}  // namespace allocd
