// Decisions as DPS gets to read them.
#include "webhook/reply.h"

#include <string>

#include <doctest/doctest.h>

#include "policy/json_text.h"

using namespace allocd;

namespace {

RenderedJson rendered(const Json& json) {
  std::string text;
  append_json(text, json);
  return RenderedJson(std::move(text));
}

Decision allocate(std::optional<std::string> twin = {}, std::optional<std::string> payload = {}) {
  Decision decision;
  decision.outcome = Outcome::Allocate;
  decision.hub = "contoso-toasters-hub-1098.azure-devices.net";
  if (twin) decision.initial_twin = rendered(Json::parse(*twin));
  if (payload) decision.payload = rendered(Json::parse(*payload));
  return decision;
}

Decision refuse(Outcome outcome, std::string reason) {
  Decision decision;
  decision.outcome = outcome;
  decision.reason = std::move(reason);
  return decision;
}

}  // namespace

TEST_CASE("every outcome has its status, body and headers") {
  const std::string hub = R"({"iotHubHostName":"contoso-toasters-hub-1098.azure-devices.net")";
  const std::string text = "text/plain; charset=utf-8";
  const std::string json = "application/json";
  struct Case {
    std::string name;
    Decision decision;
    int status;
    std::string content_type;
    std::string body;
    int retry_after = 0;
  };
  const Case cases[] = {
      {"the tutorial's",
       allocate(
           R"({"properties":{"desired":{"state":"ready","darknessSetting":"medium"}},"tags":{"deviceType":"toaster"}})"),
       200, json,
       hub +
           R"(,"initialTwin":{"properties":{"desired":{"state":"ready","darknessSetting":"medium"}},"tags":{"deviceType":"toaster"}}})"},
      {"only a hub", allocate(), 200, json, hub + "}"},
      {"tags only, and a payload", allocate(R"({"tags":{"a":1}})", R"({"x":[1,null]})"), 200, json,
       hub + R"(,"initialTwin":{"tags":{"a":1}},"payload":{"x":[1,null]}})"},
      {"an empty payload", allocate({}, "{}"), 200, json, hub + R"(,"payload":{}})"},
      {"no hub", refuse(Outcome::NoHub, "none free"), 200, json, R"({"iotHubHostName":null})"},
      {"reject", refuse(Outcome::Reject, "Unrecognized device registration."), 400, text,
       "Unrecognized device registration."},
      {"unauthorized", refuse(Outcome::Unauthorized, "who?"), 401, text, "who?"},
      {"retry later", refuse(Outcome::RetryLater, "not now"), 503, text, "not now",
       kRetryAfterSeconds},
      {"no reason", refuse(Outcome::Reject, ""), 400, text, ""},
      {"a reason that is no UTF-8", refuse(Outcome::Reject, "a\xFFz \xE2\x82"), 400, text,
       "a\xEF\xBF\xBDz \xEF\xBF\xBD\xEF\xBF\xBD"},
      {"a reason with a NUL", refuse(Outcome::Reject, std::string("a\0b", 3)), 400, text,
       std::string("a\0b", 3)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Reply reply = render_reply(c.decision);
    CHECK(reply.status == c.status);
    CHECK(reply.content_type == c.content_type);
    CHECK(reply.body == c.body);
    CHECK(reply.retry_after_seconds == c.retry_after);
  }
}

TEST_CASE("broken UTF-8 in an allocation is replaced, not thrown over") {
  Decision decision = allocate();
  decision.hub = "h\xFF";
  Json twin = Json::object();
  twin["tags"]["k\xFE"] = "v\xE2\x82";
  decision.initial_twin = rendered(twin);
  const Json body = Json::parse(render_reply(decision).body);
  CHECK(body.at("iotHubHostName") == "h\xEF\xBF\xBD");
  CHECK(body.at("initialTwin").at("tags").at("k\xEF\xBF\xBD") == "v\xEF\xBF\xBD");
}
