// What becomes of a device's hub and twin, and what is told of it in the end.
#include "simulator/provisioning.h"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "policy/base64.h"
#include "simulator/hub_report.h"
#include "simulator/registration_state.h"
#include "support/certificates.h"

using namespace allocd;
using std::chrono::seconds;
using std::chrono::system_clock;

namespace {

const Json kOld = {{"tags", {{"of", "old"}}}};
const Json kNew = {{"tags", {{"of", "webhook"}}}};
const Json kEnrolled = {{"tags", {{"of", "enrollment"}}}};

Enrollment group_with(std::optional<ReprovisionPolicy> policy) {
  Enrollment out;
  out.is_group = true;
  out.id = "g";
  out.attestation = SymmetricKeys{"secret", ""};
  out.reprovision = policy;
  return out;
}

RegisteringDevice device() {
  RegisteringDevice out;
  out.registration_id = "Dev-1";
  return out;
}

}  // namespace

TEST_CASE("provisioning: which hub, which twin, and what it is called") {
  const std::optional<HubDevice> on_a = HubDevice{"a.net", "dev-1", kOld};
  const ReprovisionPolicy migrate{true, true};
  const ReprovisionPolicy reset{true, false};
  const ReprovisionPolicy never{false, false};
  struct Case {
    std::string name;
    std::optional<HubDevice> before;
    std::optional<ReprovisionPolicy> policy;
    std::string hub;
    std::string version;
    std::string substatus;
    Json twin;
    bool takes_initial_twin;
  };
  const Case cases[] = {
      {"first time", {}, {}, "a.net", "2021-06-01", "initialAssignment", kNew, true},
      {"first time, never to move",
       {},
       never,
       "a.net",
       "2021-06-01",
       "initialAssignment",
       kNew,
       true},
      {"stays", on_a, {}, "A.NET", "2021-06-01", "reprovisionedToInitialAssignment", kOld, false},
      {"stays though it may be reset", on_a, reset, "a.net", "2019-04-15",
       "reprovisionedToInitialAssignment", kOld, false},
      {"stays, of an older API", on_a, {}, "a.net", "2019-03-31", "initialAssignment", kOld, false},
      {"moves, by default with its data",
       on_a,
       {},
       "b.net",
       "2019-03-31",
       "deviceDataMigrated",
       kOld,
       false},
      {"moves with its data", on_a, migrate, "b.net", "2021-06-01", "deviceDataMigrated", kOld,
       false},
      {"moves and begins anew", on_a, reset, "b.net", "2021-06-01", "deviceDataReset", kNew, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Provisioned got =
        provision(c.before, group_with(c.policy), device(), {c.hub, kNew, std::nullopt}, c.version);
    CHECK(got.substatus == c.substatus);
    CHECK(got.device.twin == c.twin);
    CHECK(got.takes_initial_twin == c.takes_initial_twin);
    if (c.takes_initial_twin) CHECK(got.device.device_id == "Dev-1");
  }
  CHECK(provision(on_a, group_with({}), device(), {"A.NET", kNew, std::nullopt}, "2021")
            .device.device_id == "dev-1");  // the hub's own, letters and all
}

TEST_CASE("provisioning: an enrollment's own twin is for answers without one") {
  Enrollment own = group_with({});
  CHECK(provision({}, own, device(), {"a.net", {}, {}}, "v").device.twin == Json::object());
  own.initial_twin = kEnrolled;
  CHECK(provision({}, own, device(), {"a.net", {}, {}}, "v").device.twin == kEnrolled);
  CHECK(provision({}, own, device(), {"a.net", kNew, {}}, "v").device.twin == kNew);
}

TEST_CASE("registration state: as the service tells it") {
  const system_clock::time_point begun{seconds(1664616650)};
  const auto state = [&](const Ending& ending, const std::string& created = "") {
    Json out = registration_state(group_with({}), device(), ending, created, begun,
                                  begun + std::chrono::milliseconds(1500));
    if (out.contains("etag")) {
      CHECK(from_base64(out["etag"].get<std::string>())->size() == 38);  // a quoted GUID
      out.erase("etag");
    }
    return out;
  };
  const Provisioned to_a{{"a.net", "Dev-1", kNew}, "initialAssignment", true};
  const Json assigned = state(Assigned{to_a, Json{{"interval", 5}}});
  CHECK(assigned.dump() ==
        R"({"registrationId":"Dev-1","createdDateTimeUtc":"2022-10-01T09:30:50Z",)"
        R"("assignedHub":"a.net","deviceId":"Dev-1","status":"assigned",)"
        R"("substatus":"initialAssignment","lastUpdatedDateTimeUtc":"2022-10-01T09:30:51.5Z",)"
        R"("payload":{"interval":5},"symmetricKey":{"enrollmentGroupId":"g"}})");
  CHECK(in_words(assigned) == "assigned to a.net, deviceId Dev-1 (initialAssignment)");
  CHECK(state(Assigned{to_a, std::nullopt}, "2020-01-01T00:00:00Z")["createdDateTimeUtc"] ==
        "2020-01-01T00:00:00Z");
  const Json failed = state(NotAllocated{400207, "Custom allocation failed with status code: 400"});
  CHECK(failed.dump() == R"({"registrationId":"Dev-1","createdDateTimeUtc":"2022-10-01T09:30:50Z",)"
                         R"("status":"failed","errorCode":400207,)"
                         R"("errorMessage":"Custom allocation failed with status code: 400",)"
                         R"("lastUpdatedDateTimeUtc":"2022-10-01T09:30:51.5Z"})");
  CHECK(in_words(failed) == "failed, 400207: Custom allocation failed with status code: 400");
  const Json disabled = state(Disabled{});
  CHECK(disabled.dump() == R"({"registrationId":"Dev-1","status":"disabled"})");
  CHECK(in_words(disabled) == "disabled");
}

TEST_CASE("registration state: of who showed a certificate") {
  const auto authority = test::Identity::authority("maker");
  RegisteringDevice shown = device();
  shown.certificate = to_base64(authority.issue("dev-1").der());
  Enrollment by_certificate = group_with({});
  by_certificate.attestation = X509Certificate{authority.certificate()};
  const Assigned ending{{{"a.net", "Dev-1", kNew}, "initialAssignment", true}, std::nullopt};
  const Json group = registration_state(by_certificate, shown, ending, "", system_clock::now(),
                                        system_clock::now());
  CHECK_FALSE(group.contains("symmetricKey"));
  CHECK(group["x509"]["enrollmentGroupId"] == "g");
  CHECK(group["x509"]["certificateInfo"]["subjectName"] == "CN=dev-1");
  CHECK(group["x509"]["signingCertificateInfo"]["subjectName"] == "CN=maker");
  by_certificate.is_group = false;
  const Json own = registration_state(by_certificate, shown, ending, "", system_clock::now(),
                                      system_clock::now());
  CHECK(own["x509"].size() == 1);
}

TEST_CASE("hub report: all linked hubs, and who is on none") {
  const std::vector<Registration> registrations = {
      {"Dev-1", "o", Json{{"registrationId", "Dev-1"}, {"status", "assigned"}},
       HubDevice{"B.net", "lab-one", kNew}},
      {"dev-2", "o", Json{{"status", "failed"}, {"errorCode", 400207}, {"errorMessage", "no"}},
       HubDevice{"gone.net", "dev-2", kOld}},
      {"dev-3", "o", Json{{"status", "disabled"}}, std::nullopt},
  };
  CHECK(
      hub_report(registrations, {"a.net", "b.net"}).dump() ==
      R"({"hubs":[{"hub":"a.net","devices":[]},{"hub":"b.net","devices":[{"deviceId":"lab-one",)"
      R"("registrationId":"Dev-1","twin":{"tags":{"of":"webhook"}}}]},{"hub":"gone.net",)"
      R"("devices":[{"deviceId":"dev-2","registrationId":"dev-2","twin":{"tags":{"of":"old"}}}]}],)"
      R"("notAssigned":[{"registrationId":"dev-2","status":"failed","errorCode":400207,)"
      R"("errorMessage":"no"},{"registrationId":"dev-3","status":"disabled"}]})");
}
