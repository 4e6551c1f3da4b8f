#include "analysis/check_expectation.h"

#include <optional>
#include <utility>

#include "analysis/json_difference.h"
#include "policy/hub_pattern.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

class Checker {
 public:
  Checker(const Expectation& expect, const Answer& answer) : expect_(expect), answer_(answer) {}

  std::vector<std::string> run() {
    const Decision& decision = answer_.decision;
    check(expect_.rule, decision.rule != nullptr ? Json(decision.rule->name) : Json(nullptr),
          "rule");
    if (expect_.status) check(Json(*expect_.status), Json(answer_.reply.status), "status");
    check_hub();
    if (expect_.initial_twin || expect_.payload) check_body();
    const bool allocates = decision.outcome == Outcome::Allocate;
    check(expect_.reason, allocates ? Json(nullptr) : Json(decision.reason), "reason");
    return std::move(lines_);
  }

 private:
  void check(const std::optional<Json>& expected, const Json& got, const std::string& what) {
    if (!expected) return;
    auto lines = json_difference(*expected, got, what);
    lines_.insert(lines_.end(), lines.begin(), lines.end());
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

  void check_body() {
    const bool is_json = answer_.reply.content_type.starts_with("application/json");
    const Json body = is_json ? Json::parse(answer_.reply.body) : Json::object();
    check(expect_.initial_twin, body.value("initialTwin", Json(nullptr)), "initialTwin");
    check(expect_.payload, body.value("payload", Json(nullptr)), "payload");
  }

  const Expectation& expect_;
  const Answer& answer_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> differences(const Expectation& expect, const Answer& answer) {
  return Checker(expect, answer).run();
}

bool is_expected_rule(const Expectation& expect, const Decision& decision) {
  if (!expect.rule) return true;
  if (decision.rule == nullptr) return expect.rule->is_null();
  return *expect.rule == decision.rule->name;
}

}  // namespace allocd
