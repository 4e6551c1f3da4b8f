#include "daemon/webhook_handler.h"

#include <chrono>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/decision_id.h"
#include "daemon/decision_line.h"
#include "daemon/key_refusals.h"
#include "webhook/answer.h"

namespace allocd {

namespace {

HttpResponse as_http(Reply reply, std::string id) {
  HttpResponse response{reply.status, reply.content_type, std::move(reply.body), {}};
  response.headers.emplace_back("x-allocd-decision", std::move(id));
  if (reply.retry_after_seconds > 0)
    response.headers.emplace_back("Retry-After", std::to_string(reply.retry_after_seconds));
  return response;
}

HttpResponse decided(const RuleSet& rules, const HttpRequest& request) {
  using Clock = std::chrono::steady_clock;
  // Nobody else wants to know how long it took.
  const bool logs = spdlog::should_log(spdlog::level::info);
  const auto start = logs ? Clock::now() : Clock::time_point();
  Answer given = answer(rules, request.body, std::chrono::system_clock::now());
  std::string id = new_decision_id();
  // DPS shows nobody the reason of a refusal: this line is where it can be found.
  if (logs) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    spdlog::info("{}", decision_line(id, given, took));
  }
  return as_http(std::move(given.reply), std::move(id));
}

HttpResponse refused(KeyCheck why) {
  const bool absent = why == KeyCheck::Absent;
  return {401,
          "text/plain",
          std::string(absent ? "no key" : "wrong key") +
              ": one of this webhook's keys belongs in the URL as ?code=KEY, percent-encoded, or "
              "in the header x-functions-key\n",
          {}};
}

}  // namespace

HttpHandler webhook_handler(const RuleStore& rules, const WebhookKeyStore& keys, std::string path) {
  return [&rules, &keys, path = std::move(path),
          refusals = std::make_shared<KeyRefusals>()](const HttpRequest& request) -> HttpResponse {
    if (request.path != path) return {404, "text/plain", "not found\n", {}};
    if (request.method != "POST")
      return {405, "text/plain", "only POST is answered here\n", {{"Allow", "POST"}}};
    if (const KeyCheck check = keys.snapshot()->check(request); check != KeyCheck::Accepted) {
      if (const auto line = refusals->count(check, KeyRefusals::Clock::now()))
        spdlog::warn("{}", *line);
      return refused(check);
    }
    // Held until the line is written: the decision points at its rule.
    const std::shared_ptr<const RuleSet> in_force = rules.snapshot();
    return decided(*in_force, request);
  };
}

}  // namespace allocd
