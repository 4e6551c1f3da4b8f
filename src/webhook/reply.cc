#include "webhook/reply.h"

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

// Objects here have no member twice: appending saves looking for one.
void append(Json& object, const std::string& name, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(name, std::move(value));
}

Json ordered_twin(const Json& twin) {
  Json ordered = Json::object();
  for (const char* name : {"properties", "tags"})
    if (const auto found = twin.find(name); found != twin.end()) append(ordered, name, *found);
  for (const auto& [name, value] : twin.get_ref<const Json::object_t&>())
    if (name != "properties" && name != "tags") append(ordered, name, value);
  return ordered;
}

std::string allocation(const Decision& decision) {
  Json body = Json::object();
  append(body, "iotHubHostName", decision.hub);
  // Without the member DPS takes the twin of the enrollment, and that is what no twin here means.
  if (decision.initial_twin && decision.initial_twin->is_object() &&
      !decision.initial_twin->empty())
    append(body, "initialTwin", ordered_twin(*decision.initial_twin));
  if (decision.payload) append(body, "payload", *decision.payload);
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
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
