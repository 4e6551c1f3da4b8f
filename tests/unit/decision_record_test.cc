// Decisions as JSON records and as lines of text, with what nobody may read taken out.
#include "daemon/decision_record.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/decision_fields.h"
#include "rulefile/load_rules.h"
#include "webhook/recorded_request.h"
#include "webhook/request_pieces.h"

using namespace allocd;

namespace {

constexpr const char* kRules = R"yaml(version: 1
productLine: toasters
rules:
  - name: toaster
    match: {registrationId: {startsWith: toaster-}}
    allocate:
      hub: "*-toasters-*"
      initialTwin: {tags: {code: "${payload.code:-none}"}}
      onNoHub: {noHub: "no hub for ${registrationId}"}
  - name: plain
    match: {registrationId: plain}
    allocate: {hub: "*"}
  - name: refused
    match: {registrationId: {startsWith: bad-}, payload.code: {exists: true}}
    reject: "code ${payload.code} is bad"
  - name: cut
    match: {payload.code: {matches: "(?P<front>[a-z]+)-(?P<rest>[0-9]+)"}}
    allocate: {hub: "*", initialTwin: {tags: {front: "${front|upper}", rest: "${rest|int}"}}}
)yaml";
constexpr const char* kToasters = "contoso-toasters-hub.azure-devices.net";

std::shared_ptr<const RulesInForce> in_force() {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", kRules));
  LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all()) MESSAGE(render(diagnostic));
  REQUIRE(loaded.rules);
  return std::make_shared<RulesInForce>(loaded.rules, "0123456789ab",
                                        std::chrono::system_clock::time_point(), nullptr);
}

DecisionEvent event_of(std::string body) {
  DecisionEvent out;
  out.id = "f00d";
  out.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'767'225'600'042));
  out.took = std::chrono::nanoseconds(12'345);
  out.in_force = in_force();
  out.body = std::move(body);
  out.answer = answer(out.in_force->rules(), out.body, out.at);
  out.answer.reply.body.clear();
  return out;
}

std::string body_of(const std::string& id, const std::string& more = "",
                    const std::string& hub = kToasters) {
  return R"({"enrollmentGroup":{"enrollmentGroupId":"group-7"},"deviceRuntimeContext":{)"
         R"("registrationId":")" +
         id + "\"" + more + R"(},"linkedHubs":[")" + hub + R"("]})";
}

Redaction redaction_of(const std::vector<std::string>& fields) {
  std::vector<Located<std::string>> located;
  for (const std::string& field : fields) located.push_back({field, {}});
  Diagnostics diagnostics;
  return Redaction::parse(located, diagnostics).value();
}

std::string record(const DecisionEvent& event, const std::vector<std::string>& redact = {},
                   RecordParts parts = {}) {
  return record_line(decision_record(event, redaction_of(redact), parts));
}

}  // namespace

TEST_CASE("decision record: all members, in their order") {
  const std::string body = body_of("toaster-1", R"(,"payload":{"code":"c1"})");
  CHECK(record(event_of(body), {}, {.request = true, .response = true}) ==
        R"({"time":"2026-01-01T00:00:00.042Z","id":"f00d","revision":"0123456789ab",)"
        R"("registrationId":"toaster-1","enrollment":{"id":"group-7","kind":"group"},)"
        R"("outcome":"allocate","status":200,"rule":"toaster","productLine":"toasters",)"
        R"("source":"r.yaml:4","hub":"contoso-toasters-hub.azure-devices.net","reason":null,)"
        R"("twinEffect":"initial","durationMicros":12,"request":)" +
            body +
            R"(,"response":{"iotHubHostName":"contoso-toasters-hub.azure-devices.net",)"
            R"("initialTwin":{"tags":{"code":"c1"}}}})");
}

TEST_CASE("decision record: outcomes, and what DPS makes of the twin") {
  struct Case {
    std::string name;
    std::string body;
    std::string expected;  // what stands from `registrationId` to `durationMicros`
  };
  const std::string group = R"({"id":"group-7","kind":"group"})";
  const std::string elsewhere = R"(,"currentIotHubHostName":"old.azure-devices.net")";
  const Case cases[] = {
      {"no twin", body_of("plain"),
       R"("plain","enrollment":)" + group +
           R"(,"outcome":"allocate","status":200,"rule":"plain","productLine":"toasters",)"
           R"("source":"r.yaml:10","hub":"contoso-toasters-hub.azure-devices.net",)"
           R"("reason":null,"twinEffect":null)"},
      {"moved with its data", body_of("toaster-1", elsewhere),
       R"("toaster-1","enrollment":)" + group +
           R"(,"outcome":"allocate","status":200,"rule":"toaster","productLine":"toasters",)"
           R"("source":"r.yaml:4","hub":"contoso-toasters-hub.azure-devices.net",)"
           R"("reason":null,"twinEffect":"ignored")"},
      {"no hub", body_of("toaster-1", "", "x.azure-devices.net"),
       R"("toaster-1","enrollment":)" + group +
           R"(,"outcome":"noHub","status":200,"rule":"toaster","productLine":"toasters",)"
           R"("source":"r.yaml:4","hub":null,"reason":"no hub for toaster-1","twinEffect":null)"},
      {"no rule, an individual enrollment",
       R"({"individualEnrollment":{"registrationId":"Lab-1"},)"
       R"("deviceRuntimeContext":{"registrationId":"lab-1"},"linkedHubs":[]})",
       R"("lab-1","enrollment":{"id":"Lab-1","kind":"individual"},"outcome":"reject",)"
       R"("status":400,"rule":null,"productLine":null,"source":null,"hub":null,)"
       R"("reason":"Unrecognized device registration.","twinEffect":null)"},
      {"no enrollment", R"({"deviceRuntimeContext":{"registrationId":"x"},"linkedHubs":[]})",
       R"("x","enrollment":null,"outcome":"reject","status":400,"rule":null,)"
       R"("productLine":null,"source":null,"hub":null,)"
       R"("reason":"Unrecognized device registration.","twinEffect":null)"},
      {"no JSON", "{\"enrollmentGroup\":{\"enrollmentGroupId\":\"g\"},",
       R"(null,"enrollment":null,"outcome":"reject","status":400,"rule":null,)"
       R"("productLine":null,"source":null,"hub":null,)"
       R"("reason":"The body is not JSON: unexpected end of input at byte 46.",)"
       R"("twinEffect":null)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string line = record(event_of(c.body));
    const std::size_t begin = line.find("\"registrationId\":") + 17;
    CHECK(line.substr(begin, line.find(",\"durationMicros\"") - begin) == c.expected);
    CHECK(line.ends_with("\"durationMicros\":12}"));
  }
}

TEST_CASE("decision record: bodies that are no JSON object") {
  const std::string long_text(kMaxTextBytes - 1, 'x');
  std::string long_body = long_text;
  long_body.append("éé");
  struct Case {
    std::string name;
    std::string body;
    std::string expected;
  };
  const Case cases[] = {
      {"broken", "{\"a", R"("request":"{\"a"})"},
      {"empty", "", R"("request":""})"},
      {"a list", "[1]", R"("request":"[1]"})"},
      {"no UTF-8", "\xff{", "\"request\":\"\xEF\xBF\xBD{\"}"},
      {"long", long_body,
       std::string("\"request\":\"").append(long_text).append("\",\"requestCutFrom\":65539}")},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string line = record(event_of(c.body), {}, {.request = true});
    CHECK(line.substr(line.find("\"request\":")) == c.expected);
    CHECK(record(event_of(c.body), {"payload.x"}, {.request = true})
              .ends_with("\"durationMicros\":12,\"request\":null}"));
  }
}

TEST_CASE("decision record: a line of the log gives back the request, decided in the same way") {
  for (const std::string& body :
       {body_of("toaster-1", R"(,"payload":{"code":"c\n\"1\"","x":[1.5,-3,true,null]})"),
        std::string("\n { \"deviceRuntimeContext\" :\n{\"registrationId\":\"plain\"},"
                    "\"linkedHubs\":[\"a\"]} "),
        std::string("{\"a"), std::string("[1,\n2]"), std::string("\"text\"")}) {
    CAPTURE(body);
    const DecisionEvent event = event_of(body);
    const std::string line = record(event, {}, {.request = true, .response = true});
    CHECK(line.find('\n') == std::string::npos);
    int pieces = 0;
    RequestPieces cut([&](const RequestPiece& piece) {
      ++pieces;
      CHECK(piece.broken.empty());
      const auto recorded = recorded_request(piece.text);
      REQUIRE_FALSE(std::holds_alternative<NoRequest>(recorded));
      const auto* own = std::get_if<std::string>(&recorded);
      const std::string again(own != nullptr ? *own : std::get<std::string_view>(recorded));
      if (own != nullptr) CHECK(again == body);
      const Answer decided = answer(event.in_force->rules(), again, event.at);
      CHECK(decided.decision.rule == event.answer.decision.rule);
      CHECK(decided.decision.hub == event.answer.decision.hub);
      CHECK(decided.decision.reason == event.answer.decision.reason);
      CHECK(decided.registration_id == event.answer.registration_id);
    });
    cut.feed(line + "\n");
    cut.finish();
    CHECK(pieces == 1);
  }
}

TEST_CASE("decision record: what is redacted stands nowhere") {
  const std::string payload = R"(,"payload":{"code":"SeSame"})";
  const DecisionEvent refused = event_of(body_of("bad-sesame", payload));
  const std::string line = record(refused, {"payload.code"}, {.request = true, .response = true});
  CHECK(line.find("esame") == std::string::npos);
  CHECK(line.find(R"("registrationId":"bad-[redacted]")") != std::string::npos);
  CHECK(line.find(R"("reason":"code [redacted] is bad")") != std::string::npos);
  CHECK(line.find(R"("payload":{"code":"[redacted]"})") != std::string::npos);
  CHECK(line.ends_with(R"("response":"code [redacted] is bad"})"));

  const DecisionEvent allocated = event_of(body_of("toaster-1", payload));
  CHECK(record(allocated, {"payload.code"}, {.response = true})
            .ends_with(R"("initialTwin":{"tags":{"code":"[redacted]"}}}})"));
  const DecisionEvent cut =
      event_of(body_of("d-toasters", R"(,"payload":{"code":"toasters-0815"})"));
  const std::string told = record(cut, {"payload.code"}, {.response = true});
  CHECK(told.find(R"("registrationId":"d-toasters")") != std::string::npos);  // not made of it
  CHECK(told.find(R"("hub":"contoso-[redacted]-hub.azure-devices.net")") != std::string::npos);
  CHECK(told.find(R"("tags":{"front":"[redacted]","rest":"[redacted]"})") != std::string::npos);
  CHECK(plain_line("decision", decision_fields(cut, redaction_of({"payload.code"})))
            .find("registrationId=d-toasters outcome=allocate status=200 rule=cut "
                  "hub=\"contoso-[redacted]-hub.azure-devices.net\"") != std::string::npos);
  // The operator's own words are theirs.
  CHECK(
      record(event_of(body_of("toaster-1", R"(,"payload":{"code":"toaster"})")), {"payload.code"})
          .find(R"("registrationId":"[redacted]-1","enrollment":{"id":"group-7","kind":"group"},)"
                R"("outcome":"allocate","status":200,"rule":"toaster","productLine":"toasters")") !=
      std::string::npos);
  CHECK(record(allocated, {"enrollment.id"})
            .find(R"("enrollment":{"id":"[redacted]","kind":"group"})") != std::string::npos);

  CHECK(plain_line("decision", decision_fields(refused, redaction_of({"payload.code"}))) ==
        "decision id=" + refused.id +
            " registrationId=\"bad-[redacted]\" outcome=reject status=400 rule=refused hub=- "
            "reason=\"code [redacted] is bad\" micros=" +
            std::to_string(
                std::chrono::duration_cast<std::chrono::microseconds>(refused.took).count()));
}
