// `allocd simulate` as people run it, in front of `allocd serve`.
#include <csignal>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/daemon.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/tls_client.h"

using namespace allocd::test;
using Json = nlohmann::ordered_json;

namespace {

// The tutorial's group, and its toaster's hub among those that are linked.
constexpr const char* kEnrollments = R"(idScope: 0ne00002193
linkedHubs: [contoso-toasters-hub-1098.azure-devices.net, contoso-heatpumps-hub-1098.azure-devices.net]
enrollmentGroups:
  - enrollmentGroupId: contoso-custom-allocated-devices
    attestation:
      type: symmetricKey
      primaryKey: oiK77Oy7rBw8YB6IS6ukRChAw+Yq6GC61RMrPLSTiOOtdI+XDu0LmLuNm11p+qv2I+adqGUdZHm46zXAQdZoOA==
)";

struct Ran {
  int code = -1;
  std::string output;
};

class Simulation {
 public:
  // `allocd simulate` in front of the daemon, with further arguments.
  std::vector<std::string> command(const std::vector<std::string>& further) const {
    std::vector<std::string> out = {
        ALLOCD_BINARY,   "simulate",  "--webhook",    "http://" + daemon.webhook + "/allocate",
        "--enrollments", enrollments, "--time-scale", "0.001"};
    out.insert(out.end(), further.begin(), further.end());
    return out;
  }
  Ran run(const std::vector<std::string>& further) const {
    Process process(command(further));
    const auto code = process.exit_code(60);
    return {code.value_or(-1), process.output()};
  }

  TemporaryFolder folder;
  std::string enrollments = folder.write("enrollments.yaml", kEnrollments);
  Daemon daemon;
};

// Without a daemon.
Ran run(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {ALLOCD_BINARY, "simulate"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process process(command);
  const auto code = process.exit_code();
  return {code.value_or(-1), process.output()};
}

const std::string kToasterId = "breakroom499-contoso-tstrsd-007";
const std::string kFound =
    "Registration Information received from service: contoso-toasters-hub-1098.azure-devices.net, "
    "deviceId: " +
    kToasterId + "\n";

}  // namespace

TEST_SUITE("simulate") {
  TEST_CASE("a device from within, as the tutorial's sample prints it") {
    const Simulation simulation;
    const std::string payload =
        simulation.folder.write("payload.json", R"({"MyDeviceFirmwareVersion":"12.0.2.5"})");
    const Ran ran = simulation.run({"--device", kToasterId + "=" + payload});
    CHECK(ran.code == 0);
    CHECK(ran.output ==
          kFound +
              "  initial twin  {\"properties\":{\"desired\":{\"state\":\"ready\","
              "\"darknessSetting\":\"medium\"}},\"tags\":{\"deviceType\":\"toaster\"}}\n");
  }

  TEST_CASE("devices one by one, the same one twice, and one that is refused") {
    const Simulation simulation;
    const Ran ran = simulation.run({"--device", kToasterId, kToasterId, "lobby-fridge"});
    CHECK(ran.code == 1);
    CHECK(ran.output ==
          "lobby-fridge: the webhook answered 400 \"Unrecognized device registration.\"\n" +
              kFound +
              "  initial twin  {\"properties\":{\"desired\":{\"state\":\"ready\","
              "\"darknessSetting\":\"medium\"}},\"tags\":{\"deviceType\":\"toaster\"}}\n" +
              kFound +
              "  initial twin  not applied: the device keeps the one that it has "
              "(reprovisionedToInitialAssignment)\n"
              "lobby-fridge: not registered, 400207: Custom allocation failed with status code: "
              "400\n");
  }

  TEST_CASE("devices for scripts, and a report of the hubs") {
    const Simulation simulation;
    const std::string report = simulation.folder.path() + "/report.json";
    const Ran ran =
        simulation.run({"--device", kToasterId, "--output", "json", "--report", report});
    CHECK(ran.code == 0);
    const Json out = Json::parse(ran.output.substr(ran.output.find('{')));
    const Json& device = out["devices"][0];
    CHECK(device["registrationId"] == kToasterId);
    CHECK(device["status"] == "assigned");
    CHECK(device["assignedHub"] == "contoso-toasters-hub-1098.azure-devices.net");
    CHECK(device["deviceId"] == kToasterId);
    CHECK(device["substatus"] == "initialAssignment");
    CHECK(device["initialTwin"]["tags"] == Json{{"deviceType", "toaster"}});
    CHECK(device["millis"].is_number());
    CHECK(out["summary"]["assigned"] == 1);
    const Json hubs = Json::parse(read_file(report));
    CHECK(hubs["hubs"][0]["devices"][0]["registrationId"] == kToasterId);
    CHECK(hubs["hubs"][0]["devices"][0]["twin"] == device["initialTwin"]);
    CHECK(hubs["hubs"][1]["devices"].empty());
    CHECK(hubs["notAssigned"].empty());
  }

  TEST_CASE("a crowd at a rate, counted by hub and by what went wrong") {
    const Simulation simulation;
    const Ran all = simulation.run({"--devices", "300", "--pattern", "dev-{n}-contoso-tstrsd-007",
                                    "--rate", "1000", "--output", "json"});
    CHECK(all.code == 0);
    const std::string& text = all.output;
    const Json out = Json::parse(text.substr(text.find('{')));
    CHECK(out["summary"]["devices"] == 300);
    CHECK(out["summary"]["hubs"] == Json{{"contoso-toasters-hub-1098.azure-devices.net", 300}});
    CHECK(out["summary"]["seconds"] >= 0.299);  // that is what a rate is
    CHECK(out["devices"][299]["registrationId"] == "dev-300-contoso-tstrsd-007");
    const Json& latency = out["summary"]["latencyMillis"];
    CHECK(latency["p50"] > 0);
    CHECK(latency["p50"] <= latency["p99"]);
    CHECK(latency["p99"] <= latency["max"]);

    const Ran refused = simulation.run({"--devices", "30", "--pattern", "fridge-{n}"});
    CHECK(refused.code == 1);
    CHECK(refused.output.find("30 devices in ") != std::string::npos);
    CHECK(refused.output.find(" s: 0 assigned, 30 not\n") != std::string::npos);
    CHECK(refused.output.find("  not assigned, 400207  30  (the first: fridge-1, 400207: Custom "
                              "allocation failed with status code: 400)\n") != std::string::npos);
    CHECK(refused.output.find("further lines are left out\n") != std::string::npos);
  }

  TEST_CASE("a crowd that is interrupted says how far it came") {
    const Simulation simulation;
    Process process(simulation.command({"--devices", "1000", "--rate", "0.2", "--pattern",
                                        "dev-{n}-contoso-tstrsd-007", "--output", "json"}));
    REQUIRE(process.output_with("1 begun, 1 ended, "));
    process.send_signal(SIGINT);
    CHECK(process.exit_code() == 1);
    const Json out = Json::parse(process.output().substr(process.output().find('{')));
    CHECK(out["summary"]["devices"] == 1000);
    CHECK(out["summary"]["errors"]["interrupted"] == out["summary"]["failed"]);
    CHECK(out["devices"][0]["status"] == "assigned");
    CHECK(out["devices"][999]["registrationId"] == "dev-1000-contoso-tstrsd-007");
    CHECK(out["devices"][999]["status"] == "interrupted");
  }

  TEST_CASE("on an address, over TLS with an authority that was made up") {
    const Simulation simulation;
    const std::string ca = simulation.folder.path() + "/ca.pem";
    Process process(simulation.command({"--listen", "127.0.0.1:0", "--ca-out", ca}));
    const auto said = process.output_with("devices believe it by the authority in " + ca + "\n");
    REQUIRE(said);
    const std::string begin = "local DPS on https://";
    REQUIRE(said->starts_with(begin));
    CHECK(said->find(", ID scope 0ne00002193: 1 enrollment group, 0 individual enrollments, 2 "
                     "linked hubs\n") != std::string::npos);
    const std::string address = said->substr(begin.size(), said->find(',') - begin.size());
    TlsOptions options;
    options.authority = read_file(ca);
    options.server_name = "localhost";
    TlsClient client(address, options);
    REQUIRE(client.is_open());
    REQUIRE(client.send(
        request_text("PUT", "/0ne00002193/registrations/x/register?api-version=1", "{}")));
    const auto answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 401);
    CHECK(Json::parse(answer->body)["errorCode"] == 401002);
    CHECK(
        process.output_with("PUT /0ne00002193/registrations/x/register: 401 Unauthorized: there "
                            "is neither a header `Authorization` with a SAS token nor a client "
                            "certificate\n"));
    process.send_signal(SIGTERM);
    CHECK(process.exit_code() == 0);
  }

  TEST_CASE("what a device was told survives SIGKILL") {
    const Simulation simulation;
    const std::string state = simulation.folder.path() + "/state.jsonl";
    const std::string report = simulation.folder.path() + "/report.json";
    Process process(simulation.command({"--devices", "100000", "--rate", "0.2", "--pattern",
                                        "dev-{n}-contoso-tstrsd-007", "--state", state}));
    REQUIRE(process.output_with("1 begun, 1 ended, "));
    process.send_signal(SIGKILL);
    CHECK_FALSE(process.exit_code());
    const Ran again = simulation.run(
        {"--device", "dev-1-contoso-tstrsd-007", "--state", state, "--report", report});
    CHECK(again.code == 0);
    CHECK(again.output.find("not applied: the device keeps the one that it has") !=
          std::string::npos);
    CHECK(Json::parse(read_file(report))["hubs"][0]["devices"].size() == 1);
  }

  TEST_CASE("SIGHUP writes the report, and so does the end") {
    const Simulation simulation;
    const std::string report = simulation.folder.path() + "/report.json";
    Process process(
        simulation.command({"--http", "--listen", "unix:" + simulation.folder.path() + "/dps.sock",
                            "--report", report}));
    REQUIRE(process.output_with("local DPS on unix:"));
    process.send_signal(SIGHUP);
    REQUIRE(process.output_with("report written to " + report));
    CHECK(Json::parse(read_file(report))["hubs"].size() == 2);
    std::remove(report.c_str());
    process.send_signal(SIGTERM);
    CHECK(process.exit_code() == 0);
    CHECK(Json::parse(read_file(report))["hubs"].size() == 2);
  }

  TEST_CASE("the webhook's key from a file: in the URL as DPS sends it, and never shown") {
    const TemporaryFolder folder;
    const std::string key = folder.write("key", "open sesame+/&=%\n");
    const std::string wrong = folder.write("wrong", "s3cret");
    for (const std::string& path : {key, wrong}) REQUIRE(chmod(path.c_str(), 0600) == 0);
    Daemon daemon(
        {"--config", folder.write("allocd.yaml", "webhook: {keyFiles: [" + key + "]}\n")});
    const std::string enrollments = folder.write("enrollments.yaml", kEnrollments);
    const auto with = [&](const std::string& query, const std::string& file) {
      std::vector<std::string> all = {
          "--webhook",     "http://" + daemon.webhook + "/allocate" + query,
          "--enrollments", enrollments,
          "--device",      kToasterId,
          "--time-scale",  "0.001"};
      if (!file.empty()) all.insert(all.end(), {"--webhook-key-file", file});
      return run(all);
    };
    for (const std::string query : {"", "?clientId=x"}) {
      CAPTURE(query);
      const Ran ran = with(query, key);
      CHECK(ran.code == 0);
      CHECK(ran.output.starts_with(kFound));
    }
    CHECK(with("", "").code == 1);
    const Ran refused = with("", wrong);
    CHECK(refused.code == 1);
    CHECK(refused.output.find("401") != std::string::npos);
    CHECK(refused.output.find("s3cret") == std::string::npos);
    const std::string missing = folder.path() + "/missing";
    CHECK(with("", missing).output.starts_with(missing + ": error: cannot read the key file"));
  }

  TEST_CASE("mistakes in the file of enrollments are shown where they are, without keys") {
    const TemporaryFolder folder;
    const std::string path = folder.write("enrollments.yaml",
                                          "idScope: 0ne\n"
                                          "linkedHubs: [a.net]\n"
                                          "enrollmentGroups:\n"
                                          "  - enrollmentGroupId: g\n"
                                          "    atestation: {}\n");
    const Ran ran = run({"--webhook", "http://127.0.0.1:1/", "--enrollments", path});
    CHECK(ran.code == 1);
    CHECK(ran.output == path +
                            ":4:5: error: missing key `attestation` in enrollment group "
                            "[missing-key]\n"
                            "    4 |   - enrollmentGroupId: g\n"
                            "      |     ^\n" +
                            path +
                            ":5:5: error: unknown key `atestation` in enrollment group "
                            "[unknown-key]\n"
                            "    5 |     atestation: {}\n"
                            "      |     ^~~~~~~~~~\n"
                            "      = help: did you mean `attestation`?\n");
  }

  TEST_CASE("what cannot be done is said in one line") {
    const TemporaryFolder folder;
    const std::string file = folder.write("enrollments.yaml", kEnrollments);
    const std::string text = folder.write("text.json", "[1]");
    const std::string webhook = "http://127.0.0.1:1/";
    const auto with = [&](std::vector<std::string> further) {
      std::vector<std::string> all = {"--webhook", webhook, "--enrollments", file};
      all.insert(all.end(), further.begin(), further.end());
      return run(all);
    };
    struct Case {
      std::vector<std::string> further;
      int code;
      std::string said;
    };
    const Case cases[] = {
        {{"--device", "a", "--devices", "3"},
         2,
         "`--device` and `--devices` are two ways to say which devices register"},
        {{"--devices", "3", "--pattern", "x"},
         2,
         "`--pattern` has no `{n}`, so that all devices would have one ID"},
        {{"--devices", "3", "--pattern", "{n}."}, 2, "`3.` cannot be a registration ID"},
        {{"--devices", "3", "--payload", "[]"}, 2, "`--payload`: a payload is a JSON object"},
        {{"--device", "a b"}, 2, "`a b` cannot be a registration ID"},
        {{"--device", "a=" + text}, 2, "`" + text + "`: a payload is a JSON object"},
        {{"--device", "a=/no/file"}, 2, "`/no/file`: No such file or directory"},
        {{"--rate", "3"},
         2,
         "`--rate`, `--payload` and `--enrollment-group` are for `--device` and `--devices`"},
        {{"--tls-cert", "x"}, 2, "`--tls-cert` and `--tls-key` belong together"},
        {{"--http", "--ca-out", "x"}, 2, "`--http` has no TLS, and no certificate"},
        {{"--device", "a", "--http"}, 2, "devices from within need no listener, so no TLS either"},
        {{"--device", "a", "--enrollment-group", "other"},
         1,
         "there is no enrollment group `other` with symmetric keys, from which those of devices "
         "could be derived"},
        {{"--device", "a", "--state", folder.path()},
         1,
         "the state `" + folder.path() + "` cannot be used: Is a directory"},
        {{"--tls-cert", text, "--tls-key", text},
         1,
         "there is no certificate in the certificate file"},
        {{"--tls-cert", "/no/file", "--tls-key", text},
         1,
         "cannot read `/no/file`: No such file or directory"},
        {{"--ca-out", "/no/such/ca.pem"},
         1,
         "cannot write `/no/such/ca.pem`: No such file or directory"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.said);
      const Ran ran = with(c.further);
      CHECK(ran.code == c.code);
      CHECK(ran.output.find(c.said) != std::string::npos);
    }
    const Ran bad_url = run({"--webhook", "ftp://x/", "--enrollments", file});
    CHECK(bad_url.code == 2);
    CHECK(bad_url.output.find("`--webhook`: ") != std::string::npos);
  }
}
