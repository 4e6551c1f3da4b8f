#include "daemon/decision_query.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "diagnostics/closest_match.h"
#include "diagnostics/diagnostic.h"
#include "http/percent_encoding.h"

namespace allocd {

namespace {

std::string mistake(std::string message, const std::string& help) {
  return help.empty() ? message : std::move(message) + "; " + help;
}

std::optional<std::string> read_outcome(const std::string& value, DecisionQuery& query) {
  constexpr Outcome kOutcomes[] = {Outcome::Allocate, Outcome::Reject, Outcome::Unauthorized,
                                   Outcome::NoHub, Outcome::RetryLater};
  std::vector<std::string_view> names;
  for (const Outcome outcome : kOutcomes) {
    names.push_back(outcome_name(outcome));
    if (value == names.back()) query.outcome = outcome;
  }
  if (query.outcome) return std::nullopt;
  return mistake("unknown outcome " + in_backticks(value), suggestion(value, names));
}

std::optional<std::string> read_limit(const std::string& value, DecisionQuery& query) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.limit);
  if (error == std::errc() && end == value.data() + value.size() && query.limit >= 1 &&
      query.limit <= DecisionQuery::kMaxLimit)
    return std::nullopt;
  return "`limit` must be a number from 1 to " + std::to_string(DecisionQuery::kMaxLimit) +
         ", not " + in_backticks(value);
}

std::optional<std::string> read_parameter(const std::string& name, std::string value,
                                          DecisionQuery& query) {
  if (name == "registrationId") {
    query.registration_id = std::move(value);
    return std::nullopt;
  }
  if (name == "outcome") return read_outcome(value, query);
  if (name == "limit") return read_limit(value, query);
  query.request = value == "true";
  if (query.request || value == "false") return std::nullopt;
  return "`request` must be `true` or `false`, not " + in_backticks(value);
}

}  // namespace

std::variant<DecisionQuery, std::string> parse_decision_query(std::string_view query) {
  static const std::vector<std::string_view> kNames = {"registrationId", "outcome", "limit",
                                                       "request"};
  DecisionQuery out;
  std::set<std::string> seen;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    if (parameter.empty()) continue;
    const std::size_t sign = std::min(parameter.find('='), parameter.size());
    const auto name = percent_decoded(parameter.substr(0, sign));
    auto value = percent_decoded(parameter.substr(std::min(sign + 1, parameter.size())));
    if (!name || !value)
      return "bad percent-encoding in " + in_backticks(parameter) + "; a `%` is written `%25`";
    if (std::find(kNames.begin(), kNames.end(), *name) == kNames.end())
      return mistake("unknown parameter " + in_backticks(*name), suggestion(*name, kNames));
    if (!seen.insert(*name).second) return "parameter " + in_backticks(*name) + " is given twice";
    if (value->empty()) continue;
    if (auto wrong = read_parameter(*name, *std::move(value), out)) return *std::move(wrong);
  }
  return out;
}

}  // namespace allocd
