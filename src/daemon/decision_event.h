// One decision of the webhook, with all that is remembered, logged and counted about it after its
// answer has gone.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "daemon/rules_in_force.h"
#include "webhook/answer.h"

namespace allocd {

struct DecisionEvent {
  std::string id;  // what the answer carries as x-allocd-decision
  std::chrono::system_clock::time_point at;
  std::chrono::nanoseconds took{};
  std::shared_ptr<const RulesInForce>
      in_force;      // what decided; keeps alive what `answer` points to
  std::string body;  // the request as received
  // With its reply; the reply's body has gone to the client and is empty here, the decision says
  // it all.
  Answer answer;
};

}  // namespace allocd
