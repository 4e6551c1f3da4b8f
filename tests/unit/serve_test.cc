// The real program over real sockets: start, answers, and an end that no client can hold up.
#include <optional>
#include <regex>
#include <signal.h>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/http_client.h"
#include "support/process.h"

using namespace allocd::test;

namespace {

constexpr const char* kRules = R"(version: 1
rules:
  - name: toaster-007
    match:
      registrationId: {contains: "-contoso-tstrsd-007"}
    allocate:
      hub: "*-toasters-*"
      initialTwin:
        tags: {deviceType: toaster}
        properties: {desired: {state: ready, darknessSetting: medium}}
)";

// The tutorial's device.
constexpr const char* kBody =
    R"({"enrollmentGroup":{"enrollmentGroupId":"contoso-custom-allocated-devices","attestation":{"type":"symmetricKey"}},)"
    R"("deviceRuntimeContext":{"registrationId":"breakroom499-contoso-tstrsd-007","symmetricKey":{}},)"
    R"("linkedHubs":["contoso-toasters-hub-1098.azure-devices.net","contoso-heatpumps-hub-1098.azure-devices.net"]})";

constexpr const char* kAnswer =
    R"({"iotHubHostName":"contoso-toasters-hub-1098.azure-devices.net",)"
    R"("initialTwin":{"properties":{"desired":{"state":"ready","darknessSetting":"medium"}},"tags":{"deviceType":"toaster"}}})";

// `allocd serve` on free ports.
class Daemon {
 public:
  explicit Daemon(std::vector<std::string> more = {}) : process_(arguments(std::move(more))) {
    const auto said = process_.output_with("admin on ");
    REQUIRE_MESSAGE(said, process_.output());
    process_.output_with("\n");
    const std::string text = process_.output();
    std::smatch match;
    REQUIRE(std::regex_search(text, match,
                              std::regex("serving 1 rules? on ([^ ,]+).* admin on ([^ \n]+)")));
    webhook = match[1];
    admin = match[2];
  }
  Process* operator->() { return &process_; }

  std::string webhook;
  std::string admin;

 private:
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    folder_.write("rules.yaml", kRules);
    std::vector<std::string> all = {ALLOCD_BINARY, "serve",       "--rules",        folder_.path(),
                                    "--listen",    "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TemporaryFolder folder_;
  Process process_;
};

}  // namespace

TEST_SUITE("serve") {
  TEST_CASE("answers the tutorial's request, logs the decision, and ends on SIGTERM and SIGINT") {
    for (const int signal : {SIGTERM, SIGINT}) {
      Daemon daemon;
      const auto answer = ask(daemon.webhook, request_text("POST", "/allocate", kBody));
      REQUIRE(answer);
      CHECK(answer->status == 200);
      CHECK(answer->headers.at("content-type") == "application/json");
      CHECK(answer->body == kAnswer);
      const std::string id = answer->headers.at("x-allocd-decision");
      CHECK(daemon->output_with("decision id=" + id +
                                " registrationId=breakroom499-contoso-tstrsd-007 outcome=allocate "
                                "status=200 rule=toaster-007"));
      CHECK(ask(daemon.webhook, "GET /allocate HTTP/1.1\r\nHost: t\r\n\r\n")->status == 405);
      CHECK(ask(daemon.webhook, request_text("POST", "/other", kBody))->status == 404);
      CHECK(ask(daemon.webhook, request_text("POST", "/allocate", "{"))->status == 400);
      CHECK(ask(daemon.admin, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")->body == "ok\n");
      CHECK(ask(daemon.admin, "GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n")->status == 200);
      daemon->send_signal(signal);
      CHECK(daemon->exit_code() == 0);
    }
  }

  TEST_CASE("an open connection does not hold up the end") {
    Daemon daemon;
    HttpClient idle(daemon.webhook);
    REQUIRE(idle.send(request_text("POST", "/allocate", kBody)));
    REQUIRE(idle.read_answer());
    HttpClient silent(daemon.webhook);
    HttpClient admin(daemon.admin);
    REQUIRE(admin.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"));
    REQUIRE(admin.read_answer());
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);  // sooner than an idle connection may live
    CHECK(idle.is_closed());
  }

  TEST_CASE("what is in flight is answered, while readiness says stopping") {
    Daemon daemon;
    const std::string request =
        request_text("POST", "/allocate", kBody, "Expect: 100-continue\r\n");
    const std::size_t head = request.size() - std::string(kBody).size();
    HttpClient busy(daemon.webhook);
    REQUIRE(busy.send(request.substr(0, head)));
    REQUIRE(busy.read_answer()->status == 100);  // so the daemon is at it
    HttpClient admin(daemon.admin);
    REQUIRE(admin.send("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n"));
    CHECK(admin.read_answer()->status == 200);

    daemon->send_signal(SIGTERM);
    REQUIRE(daemon->output_with("stopping on SIGTERM"));
    daemon->send_signal(SIGTERM);  // once more changes nothing
    REQUIRE(admin.send("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n"));
    CHECK(admin.read_answer()->status == 503);
    REQUIRE(busy.send(request.substr(head)));
    const auto answer = busy.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == kAnswer);
    CHECK(daemon->exit_code() == 0);
  }

  TEST_CASE("a request that never ends does not hold up the end") {
    Daemon daemon;
    HttpClient stuck(daemon.webhook);
    REQUIRE(
        stuck.send("POST /allocate HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\nExpect: "
                   "100-continue\r\n\r\n"));
    REQUIRE(stuck.read_answer());
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
  }

  TEST_CASE("what cannot start ends with 78 and says why") {
    Daemon daemon;
    TemporaryFolder folder;
    const std::string rules = folder.write("rules.yaml", kRules);
    const std::string empty = folder.write("empty.yaml", "version: 1\n");
    const std::string bad = folder.write("bad.yaml", "version: 1\nrules: [{name: a}]\n");
    const std::string config = folder.write("allocd.cfg", "listen: 127.0.0.1:0\nlistne: x\n");
    struct Case {
      std::string name;
      std::vector<std::string> arguments;
      std::string said;
    };
    const Case cases[] = {
        {"port taken",
         {"--rules", rules, "--listen", daemon.webhook, "--admin-listen", "127.0.0.1:0"},
         "cannot listen on " + daemon.webhook + ": address already in use"},
        {"admin port taken",
         {"--rules", rules, "--listen", "127.0.0.1:0", "--admin-listen", daemon.admin},
         "cannot listen on " + daemon.admin + ": address already in use"},
        {"no address",
         {"--rules", rules, "--listen", "nowhere"},
         "cannot listen on nowhere: not HOST:PORT"},
        {"no rules there", {"--rules", folder.path() + "/missing"}, folder.path() + "/missing"},
        {"no rule in it", {"--rules", empty}, "no rule in 1 file"},
        {"bad rules", {"--rules", bad}, "bad.yaml:2"},
        {"no config there", {"--config", folder.path() + "/missing.yaml"}, "missing.yaml"},
        {"bad config", {"--config", config, "--rules", rules}, "unknown-key"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      std::vector<std::string> arguments = {ALLOCD_BINARY, "serve"};
      arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
      Process process(arguments);
      CHECK(process.exit_code() == 78);
      CAPTURE(process.output());
      CHECK(process.output().find(c.said) != std::string::npos);
    }
  }

  TEST_CASE("a config file says where, how and what") {
    TemporaryFolder folder;
    const std::string config =
        folder.write("allocd.yaml", R"(limits: {bodyBytes: 1024, requestSeconds: 1}
webhook: {path: /api/hook}
)");
    Daemon daemon({"--config", config});
    CHECK(ask(daemon.webhook, request_text("POST", "/api/hook", kBody))->body == kAnswer);
    CHECK(ask(daemon.webhook, request_text("POST", "/allocate", kBody))->status == 404);
    CHECK(ask(daemon.webhook, request_text("POST", "/api/hook", std::string(1025, ' ')))->status ==
          413);
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
  }
}
