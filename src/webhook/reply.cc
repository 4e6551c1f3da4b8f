#include "webhook/reply.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "diagnostics/utf8.h"

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

// A host name as JSON text. Nearly all are of letters that stand for themselves.
std::string quoted_host(std::string_view host) {
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
  if (plain) return '"' + std::string(host) + '"';
  return std::string(RenderedJson(Json(std::string(host))).text());
}

std::string allocation(const Decision& decision) {
  std::string body = R"({"iotHubHostName":)" + quoted_host(decision.hub);
  // Without the member DPS takes the twin of the enrollment, and that is what no twin here means.
  if (decision.initial_twin)
    body.append(R"(,"initialTwin":)").append(decision.initial_twin->text());
  if (decision.payload) body.append(R"(,"payload":)").append(decision.payload->text());
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
