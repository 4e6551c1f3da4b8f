// Holds rules/contoso against the function that it replaces: the one of Microsoft's tutorial on
// custom allocation policies, ported here from what it does, without a line of allocd's engine.
// https://learn.microsoft.com/azure/iot-dps/tutorial-custom-allocation-policies
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <doctest/doctest.h>

#include "policy/letter_case.h"
#include "rulefile/load_rules.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

const std::string kContoso = std::string(ALLOCD_SOURCE_DIR) + "/rules/contoso";

struct Result {
  int status = 0;
  Json body;  // an object, or the text of a refusal

  bool operator==(const Result&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Result& r) {
  return out << r.status << ' ' << r.body.dump();
}

// The tutorial's function: the same checks in the same order, the last fitting hub wins.
class TutorialFunction {
 public:
  static Result run(const Json& data) {
    const auto get = [](const Json& object, const char* name) -> Json {
      return object.is_object() && object.contains(name) ? object.at(name) : Json(nullptr);
    };
    const Json id = get(get(data, "deviceRuntimeContext"), "registrationId");
    if (id.is_null()) return {400, "Registration ID not provided for the device."};
    const Json hubs = get(data, "linkedHubs");
    if (hubs.is_null()) return {400, "No hub group defined for the enrollment."};
    if (has(id, "-contoso-tstrsd-007"))
      return with_hub(hubs, "-toasters-", "No toasters hub found for the enrollment.", "toaster",
                      {{"state", "ready"}, {"darknessSetting", "medium"}});
    if (has(id, "-contoso-hpsd-088"))
      return with_hub(hubs, "-heatpumps-", "No heat pumps hub found for the enrollment.",
                      "heatpump", {{"state", "on"}, {"temperatureSetting", "65"}});
    return {400, "Unrecognized device registration."};
  }

 private:
  static bool has(const Json& text, const std::string& part) {
    return text.get<std::string>().find(part) != std::string::npos;
  }

  static Result with_hub(const Json& hubs, const std::string& part, const char* none,
                         const char* type, Json desired) {
    Json chosen;
    for (const Json& hub : hubs)
      if (has(hub, part)) chosen = hub;
    if (chosen.is_null()) return {400, none};
    Json twin = {{"properties", {{"desired", std::move(desired)}}},
                 {"tags", {{"deviceType", type}}}};
    return {200, {{"iotHubHostName", chosen}, {"initialTwin", std::move(twin)}}};
  }
};

Result allocd_result(const RuleSet& rules, const Json& body) {
  const Reply reply = answer(rules, body.dump(), Moment()).reply;
  return {reply.status, reply.status == 200 ? Json::parse(reply.body) : Json(reply.body)};
}

Json request_file(const std::string& name) {
  std::ifstream file(kContoso + "/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return Json::parse(text.str());
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Json request() {
    Json body = Json::object();
    if (one_in(2))
      body["enrollmentGroup"] = {{"enrollmentGroupId", "contoso-custom-allocated-devices"}};
    if (!one_in(20)) {
      Json context = Json::object();
      if (!one_in(20)) context["registrationId"] = one_in(20) ? Json(nullptr) : Json(id());
      if (one_in(3)) context["currentIotHubHostName"] = host();
      context["symmetricKey"] = Json::object();
      if (one_in(2)) context["payload"] = {{"MyDeviceFirmwareVersion", "12.0.2.5"}};
      body["deviceRuntimeContext"] = std::move(context);
    }
    if (!one_in(20)) {
      Json hubs = Json::array();
      for (unsigned i = below(5); i > 0; --i) hubs.push_back(host());
      body["linkedHubs"] = one_in(20) ? Json(nullptr) : std::move(hubs);
    }
    return body;
  }

  // Upper case for some of the letters.
  std::string shouted(std::string text) {
    for (char& c : text)
      if (one_in(2)) c = upper(c);
    return text;
  }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  bool one_in(unsigned n) { return below(n) == 0; }

  std::string pick(std::initializer_list<const char*> words) {
    return words.begin()[below(static_cast<unsigned>(words.size()))];
  }

  std::string id() {
    std::string out;
    for (unsigned i = 1 + below(3); i > 0; --i)
      out +=
          pick({"breakroom499", "mainbuilding167", "-contoso-tstrsd-007", "-contoso-hpsd-088",
                "-contoso-tstrsd-00", "-contoso-hpsd-088", "contoso-tstrsd-007", "", ".", "a:b_c"});
    return out;
  }

  std::string host() {
    return pick({"contoso", "a", "x-toasters"}) +
           pick({"-toasters-", "-heatpumps-", "-toasters", "heatpumps-", "-fridges-"}) +
           pick({"hub-1098", "hub-1099", "-heatpumps-2"}) + ".azure-devices.net";
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE(
    "tutorial: the request that its log shows gets the answer that its log shows, byte for byte") {
  const LoadedRules loaded = load_rules({kContoso});
  REQUIRE(loaded.rules);
  CHECK(loaded.diagnostics.all().empty());
  const Reply reply = answer(*loaded.rules, request_file("request.json").dump(), Moment()).reply;
  CHECK(reply.status == 200);
  CHECK(
      reply.body ==
      R"({"iotHubHostName":"contoso-toasters-hub-1098.azure-devices.net","initialTwin":{"properties":{"desired":{"state":"ready","darknessSetting":"medium"}},"tags":{"deviceType":"toaster"}}})");
}

TEST_CASE("tutorial: its second device gets the other hub") {
  const LoadedRules loaded = load_rules({kContoso});
  REQUIRE(loaded.rules);
  const Reply reply =
      answer(*loaded.rules, request_file("request-heatpump.json").dump(), Moment()).reply;
  CHECK(reply.status == 200);
  CHECK(
      reply.body ==
      R"({"iotHubHostName":"contoso-heatpumps-hub-1098.azure-devices.net","initialTwin":{"properties":{"desired":{"state":"on","temperatureSetting":"65"}},"tags":{"deviceType":"heatpump"}}})");
}

TEST_CASE("tutorial: 5,000 generated requests get what the function gives") {
  const LoadedRules loaded = load_rules({kContoso});
  REQUIRE(loaded.rules);
  Generator generator(1098);
  std::map<std::string, int> seen;
  for (int i = 0; i < 5000; ++i) {
    const Json body = generator.request();
    CAPTURE(body.dump());
    const Result expected = TutorialFunction::run(body);
    CHECK(allocd_result(*loaded.rules, body) == expected);
    ++seen[expected.status == 200 ? expected.body["initialTwin"]["tags"].dump()
                                  : expected.body.dump()];
  }
  // Every way through the function was taken, and often.
  CHECK(seen.size() == 7);
  for (const auto& way : seen) {
    CAPTURE(way.first);
    CHECK(way.second > 50);
  }
}

// The one deliberate difference: to DPS, registration IDs and host names are the same in whatever
// letters; the function compares them exactly and refuses `BREAKROOM499-CONTOSO-TSTRSD-007`.
TEST_CASE("tutorial: letter case of IDs and hosts does not count") {
  const LoadedRules loaded = load_rules({kContoso});
  REQUIRE(loaded.rules);
  Generator generator(7);
  for (int i = 0; i < 2000; ++i) {
    Json body = generator.request();
    Result expected = TutorialFunction::run(body);
    if (body.contains("deviceRuntimeContext") &&
        body["deviceRuntimeContext"].contains("registrationId")) {
      Json& id = body["deviceRuntimeContext"]["registrationId"];
      if (id.is_string()) id = generator.shouted(id);
    }
    if (body.contains("linkedHubs") && body["linkedHubs"].is_array())
      for (Json& hub : body["linkedHubs"]) hub = generator.shouted(hub);
    CAPTURE(body.dump());
    Result got = allocd_result(*loaded.rules, body);
    // The answer keeps the letters of the request.
    if (got.status == 200)
      got.body["iotHubHostName"] = lower(got.body["iotHubHostName"].get<std::string>());
    CHECK(got == expected);
  }
}

}  // namespace allocd
