// What is asked of /decisions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policy/decision.h"

namespace allocd {

struct DecisionQuery {
  std::optional<std::string> registration_id;  // letter case does not count
  std::optional<Outcome> outcome;
  std::size_t limit = 50;
  bool request = false;  // whether records hold the request

  static constexpr std::size_t kMaxLimit = 1000;
};

// Reads `registrationId=&outcome=&limit=&request=`, percent-encoded, in any order; a parameter
// without a value counts as not given. A `+` is a plus: no registration ID has a space. Otherwise
// what is wrong, for the answer 400: lower case, no final period.
std::variant<DecisionQuery, std::string> parse_decision_query(std::string_view query);

}  // namespace allocd
