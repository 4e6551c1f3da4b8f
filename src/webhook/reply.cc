#include "webhook/reply.h"

#include <string_view>

#include "diagnostics/utf8.h"
#include "policy/json_text.h"

namespace allocd {

namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

std::string well_formed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string allocation(const Decision& decision) {
  constexpr std::string_view kHub = R"({"iotHubHostName":)";
  constexpr std::string_view kTwin = R"(,"initialTwin":)";
  constexpr std::string_view kPayload = R"(,"payload":)";
  const std::string_view twin = decision.initial_twin ? decision.initial_twin->text() : "";
  const std::string_view payload = decision.payload ? decision.payload->text() : "";

  std::string body;
  body.reserve(kHub.size() + decision.hub.size() + kTwin.size() + twin.size() + kPayload.size() +
               payload.size() + 3);
  body += kHub;
  append_json_text(body, decision.hub);
  // Without the member DPS takes the twin of the enrollment, and that is what no twin here means.
  if (decision.initial_twin) body.append(kTwin).append(twin);
  if (decision.payload) body.append(kPayload).append(payload);
  body += '}';
  return body;
}

}  // namespace

Reply render_reply(const Decision& decision) {
  Reply reply;
  reply.status = http_status(decision.outcome);
  switch (decision.outcome) {
    case Outcome::Allocate:
      reply.content_type = "application/json";
      reply.body = allocation(decision);
      break;
    case Outcome::NoHub:
      reply.content_type = "application/json";
      reply.body = R"({"iotHubHostName":null})";
      break;
    case Outcome::RetryLater: reply.retry_after_seconds = kRetryAfterSeconds; [[fallthrough]];
    case Outcome::Reject:
    case Outcome::Unauthorized:
      reply.content_type = kText;
      reply.body = well_formed(decision.reason);
      break;
  }
  return reply;
}

}  // namespace allocd
