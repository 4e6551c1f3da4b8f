#include "daemon/webhook_handler.h"

#include <chrono>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/decision_id.h"
#include "daemon/key_refusals.h"
#include "policy/memory_lines.h"
#include "webhook/answer.h"

namespace allocd {

namespace {

// The body goes to the client; the rest stays for those who look at the event.
HttpResponse as_http(Reply& reply, const std::string& id) {
  HttpResponse response{reply.status, reply.content_type, std::move(reply.body), {}};
  reply.body.clear();
  response.headers.emplace_back("x-allocd-decision", id);
  if (reply.retry_after_seconds > 0)
    response.headers.emplace_back("Retry-After", std::to_string(reply.retry_after_seconds));
  return response;
}

void hit(RuleHits& hits, std::chrono::system_clock::time_point at) {
  using Micros = std::chrono::microseconds;
  hits.count.fetch_add(1, std::memory_order_relaxed);
  hits.last_micros.store(std::chrono::duration_cast<Micros>(at.time_since_epoch()).count(),
                         std::memory_order_relaxed);
}

HttpResponse decided(const WebhookDesk& desk, const HttpRequest& request) {
  using Clock = std::chrono::steady_clock;
  DecisionEvent event;
  event.in_force = desk.rules.snapshot();
  event.at = std::chrono::system_clock::now();
  const auto start = Clock::now();
  event.answer = answer(event.in_force->rules(), request.body, event.at);
  event.took = Clock::now() - start;
  const Rule* const rule = event.answer.decision.rule;
  // Where the rule's hits are, and then the hits, are on their way while other things are done.
  if (rule != nullptr) event.in_force->fetch_place_of_hits(*rule);
  event.id = new_decision_id();
  event.body = request.body;
  RuleHits* const hits = rule != nullptr ? &event.in_force->hits(*rule) : nullptr;
  if (hits != nullptr) MemoryLines::fetch_line(hits);
  desk.counts.count(event.answer.decision, event.took);
  HttpResponse response = as_http(event.answer.reply, event.id);
  if (hits != nullptr) hit(*hits, event.at);
  desk.aftermath.add(std::move(event));
  return response;
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

HttpHandler webhook_handler(const WebhookDesk& desk, std::string path) {
  return [desk, path = std::move(path),
          refusals = std::make_shared<KeyRefusals>()](const HttpRequest& request) -> HttpResponse {
    if (request.path != path) return {404, "text/plain", "not found\n", {}};
    if (request.method != "POST")
      return {405, "text/plain", "only POST is answered here\n", {{"Allow", "POST"}}};
    if (const KeyCheck check = desk.keys.snapshot()->check(request); check != KeyCheck::Accepted) {
      if (const auto line = refusals->count(check, KeyRefusals::Clock::now()))
        spdlog::warn("{}", *line);
      return refused(check);
    }
    return decided(desk, request);
  };
}

}  // namespace allocd
