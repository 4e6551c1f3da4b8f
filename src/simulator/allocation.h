// Between the local DPS and the webhook that allocates: the body of the question, and what DPS
// makes of the answer.
// https://learn.microsoft.com/azure/iot-dps/how-to-use-custom-allocation-policies
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "http/client.h"
#include "policy/located_value.h"
#include "simulator/enrollments.h"

namespace allocd {

// What is known of a device that registers.
struct RegisteringDevice {
  std::string registration_id;  // as written
  std::string current_hub;      // empty: it registers for the first time
  std::string current_device_id;
  std::string certificate;  // base64 of the DER; empty without
  std::optional<Json> payload;
};

struct Webhook {
  std::string url;  // as it is called, with its key
  std::string api_version = "2021-10-01";
};

// The hubs that the device may be assigned to.
std::vector<std::string> hubs_for(const Enrollment& enrollment, const RegisteringDevice& device,
                                  const std::vector<std::string>& linked_hubs);

// The body of the question. What is optional and not there is left out; keys are; what stands
// behind `?` in the webhook's URL is masked. `enrolled` is when the record was written.
Json allocation_request(const Enrollment& enrollment, const RegisteringDevice& device,
                        const std::vector<std::string>& linked_hubs, const Webhook& webhook,
                        std::chrono::system_clock::time_point enrolled);

struct Allocated {
  std::string hub;                   // as the linked hub is written
  std::optional<Json> initial_twin;  // with one member or more
  std::optional<Json> payload;
};
// The registration has failed.
struct NotAllocated {
  int code = 0;  // 400207, say
  // As the service says it; where it would say no more than a number, what was wrong.
  std::string message;
};
// The service asks again later.
struct AskAgain {
  int status = 0;
};

// What becomes of an answer; no answer counts as 503. `hubs` are those of the question.
std::variant<Allocated, NotAllocated, AskAgain> read_allocation(
    const std::variant<HttpReply, NoReply>& answer, const std::vector<std::string>& hubs);

constexpr int kMostWebhookRetries = 10;

// When a question is repeated for the `tries`th time, 1 to 10, after the one before; nothing where
// the service gives up.
std::optional<std::chrono::seconds> wait_before_retry(int tries);
// What the registration says then.
NotAllocated gave_up(int status);

}  // namespace allocd
