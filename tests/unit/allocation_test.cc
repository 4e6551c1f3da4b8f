// What a webhook is asked, and what its answers come to.
#include "simulator/allocation.h"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include "simulator/utc_text.h"

using namespace allocd;
using std::chrono::seconds;
using std::chrono::system_clock;

namespace {

const std::vector<std::string> kHubs = {"a.azure-devices.net", "b.azure-devices.net"};
const system_clock::time_point kThen{seconds(1664616650)};

Enrollment group() {
  Enrollment out;
  out.is_group = true;
  out.id = "g";
  out.attestation = SymmetricKeys{"secret", "secret too"};
  return out;
}

RegisteringDevice device() {
  RegisteringDevice out;
  out.registration_id = "Dev-1";
  return out;
}

std::string told(const std::variant<HttpReply, NoReply>& answer) {
  const auto read = read_allocation(answer, kHubs);
  if (const auto* again = std::get_if<AskAgain>(&read))
    return "again " + std::to_string(again->status);
  if (const auto* no = std::get_if<NotAllocated>(&read))
    return std::to_string(no->code) + " " + no->message;
  const auto& yes = std::get<Allocated>(read);
  return yes.hub + (yes.initial_twin ? " twin " + yes.initial_twin->dump() : "") +
         (yes.payload ? " payload " + yes.payload->dump() : "");
}

std::string told_of(const std::string& body) {
  return told(HttpReply{200, "application/json", body});
}

}  // namespace

TEST_CASE("allocation: a first registration through a group, with nothing that is optional") {
  const Json body =
      allocation_request(group(), device(), kHubs, {"https://h/api?code=x", "2021-10-01"}, kThen);
  CHECK(
      body.dump() ==
      R"({"enrollmentGroup":{"enrollmentGroupId":"g","attestation":{"type":"symmetricKey"},)"
      R"("capabilities":{"iotEdge":false},"etag":"\"00000000-0000-0000-0000-000000000000\"",)"
      R"("provisioningStatus":"enabled","createdDateTimeUtc":"2022-10-01T09:30:50Z",)"
      R"("lastUpdatedDateTimeUtc":"2022-10-01T09:30:50Z","allocationPolicy":"custom",)"
      R"("customAllocationDefinition":{"webhookUrl":"https://h/api?****","apiVersion":"2021-10-01"}},)"
      R"("deviceRuntimeContext":{"registrationId":"Dev-1","symmetricKey":{}},)"
      R"("linkedHubs":["a.azure-devices.net","b.azure-devices.net"]})");
}

TEST_CASE("allocation: a device that has a hub, an individual enrollment, all that is optional") {
  Enrollment lab;
  lab.id = "dev-1";
  lab.device_id = "wanted";
  lab.attestation = X509Certificate{"secret"};
  lab.reprovision = ReprovisionPolicy{true, false};
  lab.hubs = {kHubs[1]};
  lab.initial_twin = Json{{"tags", {{"a", 1}}}};
  RegisteringDevice again = device();
  again.current_hub = kHubs[0];
  again.current_device_id = "wanted";
  again.certificate = "MIIB";
  again.payload = Json{{"model", "x"}};
  const Json body = allocation_request(lab, again, kHubs, {"http://h/", "v"}, kThen);
  CHECK_FALSE(body.contains("enrollmentGroup"));
  const Json& record = body["individualEnrollment"];
  CHECK(record["registrationId"] == "dev-1");
  CHECK(record["deviceId"] == "wanted");
  CHECK(record["attestation"] == Json{{"type", "x509"}});
  CHECK(record["initialTwin"] == Json{{"tags", {{"a", 1}}}});
  CHECK(record["reprovisionPolicy"] ==
        Json{{"updateHubAssignment", true}, {"migrateDeviceData", false}});
  CHECK(record["iotHubs"] == Json{kHubs[1]});
  CHECK(record["customAllocationDefinition"]["webhookUrl"] == "http://h/");
  CHECK(body["deviceRuntimeContext"] == Json{{"registrationId", "Dev-1"},
                                             {"currentIotHubHostName", kHubs[0]},
                                             {"currentDeviceId", "wanted"},
                                             {"x509", {{"clientCertificate", "MIIB"}}},
                                             {"payload", {{"model", "x"}}}});
  CHECK(body["linkedHubs"] == Json{kHubs[1]});
  CHECK(body.dump().find("secret") == std::string::npos);
}

TEST_CASE("allocation: who may never move is offered its own hub only") {
  Enrollment never = group();
  never.reprovision = ReprovisionPolicy{false, false};
  RegisteringDevice again = device();
  CHECK(hubs_for(never, again, kHubs) == kHubs);
  again.current_hub = kHubs[1];
  CHECK(hubs_for(never, again, kHubs) == std::vector<std::string>{kHubs[1]});
  never.reprovision->updates_hub = true;
  CHECK(hubs_for(never, again, kHubs) == kHubs);
}

TEST_CASE("allocation: answers by their status") {
  CHECK(told(NoReply{"refused"}) == "again 503");
  for (const int status : {429, 430, 500, 503, 599})
    CHECK(told(HttpReply{status, "", ""}) == "again " + std::to_string(status));
  CHECK(told(HttpReply{401, "", ""}) == "400209 Custom allocation failed with unauthorized access");
  for (const int status : {201, 204, 302, 400, 403, 404, 422, 428})
    CHECK(told(HttpReply{status, "", R"({"iotHubHostName":"a.azure-devices.net"})"}) ==
          "400207 Custom allocation failed with status code: " + std::to_string(status));
}

TEST_CASE("allocation: answers by what they say") {
  const std::string failed = "400207 Custom allocation failed: ";
  const std::string a = R"("iotHubHostName":"a.azure-devices.net")";
  struct Case {
    std::string body, told;
  };
  const Case cases[] = {
      {"{" + a + "}", "a.azure-devices.net"},
      {R"({"iotHubHostName":"A.azure-devices.NET","IoTHub":null})", "a.azure-devices.net"},
      {"{" + a + R"(,"initialTwin":null,"payload":null})", "a.azure-devices.net"},
      {"{" + a + R"(,"initialTwin":{"tags":{"x":1}},"payload":{"y":[2]}})",
       R"(a.azure-devices.net twin {"tags":{"x":1}} payload {"y":[2]})"},
      {"{" + a + R"(,"initialTwin":{"tags":null,"properties":{"desired":{"z":{}}}}})",
       R"(a.azure-devices.net twin {"tags":null,"properties":{"desired":{"z":{}}}})"},
      {"{}", "400208 Custom allocation did not specify an IoT hub"},
      {R"({"iotHubHostName":null})", "400208 Custom allocation did not specify an IoT hub"},
      {R"({"iotHubHostName":""})", "400208 Custom allocation did not specify an IoT hub"},
      {R"({"iothubhostname":"a.azure-devices.net"})",
       "400208 Custom allocation did not specify an IoT hub"},
      {R"({"iotHubHostName":1})", failed + "`iotHubHostName` is no text"},
      {R"({"iotHubHostName":"c.azure-devices.net"})",
       failed + "`c.azure-devices.net` is none of the hubs that the device may be assigned to"},
      {"[]", failed + "the answer is no JSON object"},
      {"{" + a + R"(,"payload":1})", failed + "`payload` is no object"},
      {"{" + a + R"(,"payload":"x"})", failed + "`payload` is no object"},
      {"{" + a + R"(,"initialTwin":1})",
       failed + "the hub refuses the twin: `initialTwin` is no object"},
      {"{" + a + R"(,"initialTwin":{"tags":[]}})",
       failed + "the hub refuses the twin: `tags` of `initialTwin` is no object"},
      {"{" + a + R"(,"initialTwin":{"properties":1}})",
       failed + "the hub refuses the twin: `properties` of `initialTwin` is no object"},
      {"{" + a + R"(,"initialTwin":{"properties":{"desired":1}}})",
       failed + "the hub refuses the twin: `properties.desired` of `initialTwin` is no object"},
      {"{" + a + R"(,"initialTwin":{"tag":{}}})",
       failed + "the hub refuses the twin: `initialTwin` has a member `tag`, where `tags` and "
                "`properties` belong"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.body);
    CHECK(told_of(c.body) == c.told);
  }
  const std::string large(9000, 'x');
  CHECK(told_of("{" + a + R"(,"initialTwin":{"tags":{"a":")" + large + R"("}}})")
            .starts_with(failed + "the hub refuses the twin: "));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& bad : {std::string(), "{" + a, "{" + a + ",\"payload\":" + deep + "}"})
    CHECK(told_of(bad).starts_with(failed + "the answer cannot be read: "));
}

TEST_CASE("allocation: ten retries, each nine seconds later than the one before") {
  std::string waits;
  for (int i = 1; const auto wait = wait_before_retry(i); ++i)
    waits += std::to_string(wait->count()) + " ";
  CHECK(waits == "1 10 19 28 37 46 55 64 73 82 ");
  CHECK_FALSE(wait_before_retry(0));
  CHECK(gave_up(500).code == 400207);
  CHECK(gave_up(500).message == "Custom allocation failed with status code: 500");
}

TEST_CASE("times are written as the service writes them") {
  CHECK(utc_text(kThen) == "2022-10-01T09:30:50Z");
  CHECK(utc_text(kThen + std::chrono::nanoseconds(516335200)) == "2022-10-01T09:30:50.5163352Z");
  CHECK(utc_text(kThen + std::chrono::nanoseconds(622860099)) == "2022-10-01T09:30:50.62286Z");
  CHECK(utc_text(kThen - std::chrono::milliseconds(500)) == "2022-10-01T09:30:49.5Z");
}
