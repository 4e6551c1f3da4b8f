// The running program while its rules change: taken over, kept out, held back, remembered, and
// told about.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/daemon.h"
#include "support/http_client.h"
#include "support/process.h"

using namespace allocd::test;
using Json = nlohmann::ordered_json;

namespace {

std::string rules_to(const std::string& hub) {
  return "version: 1\nrules:\n  - name: to-" + hub + "\n    allocate: {hub: " + hub + "-hub}\n";
}

std::string body_of(const std::string& id) {
  return Json{{"deviceRuntimeContext", {{"registrationId", id}, {"payload", {{"pin", "s3cret"}}}}},
              {"linkedHubs", {"a-hub.azure-devices.net", "b-hub.azure-devices.net"}}}
      .dump();
}

// Rules, settings and state in folders of their own, and the daemon on them.
class Fleet {
 public:
  explicit Fleet(const std::string& settings = "") {
    std::filesystem::create_directories(path("rules"));
    std::filesystem::create_directories(path("next"));
    write("rules/rules.yaml", rules_to("a"));
    write("next/rules.yaml", rules_to("b"));
    write("allocd.yaml", "rules: [" + path("rules") + "]\nlog: {format: plain}\n" + settings);
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const { folder_.write(name, text); }

  Daemon& start(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"--config", path("allocd.yaml"), "--rules", path("rules")});
    daemon_.emplace(std::move(options));
    return *daemon_;
  }
  Daemon& daemon() { return *daemon_; }
  void stop() {
    (*daemon_)->send_signal(SIGTERM);
    CHECK((*daemon_)->exit_code() == 0);
    daemon_.reset();
  }

  HttpAnswer allocate(const std::string& id) {
    const auto answer = ask(daemon_->webhook, request_text("POST", "/allocate", body_of(id)));
    REQUIRE(answer);
    return *answer;
  }
  // The hub that a device gets now, or the reason why none.
  std::string hub(const std::string& id) {
    const HttpAnswer answer = allocate(id);
    if (answer.status != 200) return answer.body;
    return Json::parse(answer.body)["iotHubHostName"].get<std::string>().substr(0, 1);
  }
  HttpAnswer admin(const std::string& method, const std::string& target,
                   const std::string& body = "") {
    const auto answer = ask(daemon_->admin, request_text(method, target, body));
    REQUIRE(answer);
    return *answer;
  }
  Json get(const std::string& target) { return Json::parse(admin("GET", target).body); }
  Json status() { return get("/status"); }

 private:
  TemporaryFolder folder_;
  std::optional<Daemon> daemon_;
};

// Asks until it is so; twenty seconds at most. What is asked takes its time, so this spins slowly.
bool becomes_true(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end)
    if (holds()) return true;
  return false;
}

}  // namespace

TEST_SUITE("living daemon") {
  TEST_CASE("an edit comes into force by itself, and a bad one does not") {
    Fleet fleet("reload: {debounceMillis: 20}\n");
    fleet.start();
    CHECK(fleet.hub("d1") == "a");
    fleet.write("rules/rules.yaml", rules_to("b"));
    REQUIRE(becomes_true([&] { return fleet.hub("d1") == "b"; }));
    CHECK(fleet.status()["lastReload"]["result"] == "success");

    fleet.write("rules/rules.yaml", "version: 1\nrules: [{name: x, allocate: {hubb: a}}]\n");
    REQUIRE(becomes_true([&] { return fleet.status()["lastReload"]["result"] == "failure"; }));
    CHECK(fleet.hub("d1") == "b");
    const Json last = fleet.status()["lastReload"];
    CHECK(last["diagnostics"][0]["code"] == "unknown-key");
    CHECK(last["diagnostics"][0]["help"] == "did you mean `hub`?");
    CHECK(fleet.status()["degraded"] == false);

    fleet.write("rules/rules.yaml", rules_to("b"));
    REQUIRE(becomes_true([&] { return fleet.status()["lastReload"]["result"] == "unchanged"; }));
    fleet.stop();
  }

  TEST_CASE("POST /reload and `allocd reload` wait for the result and tell it") {
    Fleet fleet("reload: {watch: false}\n");
    fleet.start();
    const auto reload = [&](std::vector<std::string> options = {}) {
      options.insert(options.begin(), {ALLOCD_BINARY, "reload", "--admin", fleet.daemon().admin});
      Process process(options);
      const auto code = process.exit_code();
      process.output_with("never said");
      return std::make_pair(code.value_or(-1), process.output());
    };
    CHECK(reload() == std::make_pair(0, "unchanged: 1 rules, revision " +
                                            fleet.status()["revision"].get<std::string>() + "\n"));
    fleet.write("rules/rules.yaml", rules_to("b"));
    CHECK(fleet.hub("d1") == "a");
    const HttpAnswer good = fleet.admin("POST", "/reload");
    CHECK(good.status == 200);
    CHECK(Json::parse(good.body)["result"] == "success");
    CHECK(fleet.hub("d1") == "b");

    fleet.write("rules/rules.yaml", "version: 1\nrules: [{name: x, allocate: {hubb: a}}]\n");
    CHECK(fleet.admin("POST", "/reload").status == 422);
    const auto failed = reload();
    CHECK(failed.first == 1);
    const std::string& said = failed.second;
    CHECK_MESSAGE(said.find("rules.yaml:2:30: error: unknown key `hubb`") != said.npos, said);
    CHECK_MESSAGE(said.find("= help: did you mean `hub`?") != said.npos, said);
    CHECK_MESSAGE(said.find("not reloaded: what was in force stays\n") != said.npos, said);
    const auto [json_code, json] = reload({"--output", "json"});
    CHECK(json_code == 1);
    CHECK(Json::parse(json)["result"] == "failure");

    CHECK(fleet.admin("POST", "/reload?force=yes").status == 400);
    CHECK(fleet.admin("GET", "/reload").status == 405);
    fleet.stop();
  }

  TEST_CASE("`allocd reload` without a daemon says so") {
    Process process({ALLOCD_BINARY, "reload", "--admin", "127.0.0.1:1"});
    CHECK(process.exit_code() == 1);
    process.output_with("never said");
    CHECK(process.output().find("cannot reach the daemon at `127.0.0.1:1`: nobody answers there") !=
          std::string::npos);
  }

  TEST_CASE("the guard holds a dangerous set back, over a restart too, until it is forced") {
    Fleet fleet("");
    fleet.write("allocd.yaml",
                "reload: {watch: false, guard: {maxMoved: 20%, minSample: 5}}\nstate: " +
                    fleet.path("state") + "\n");
    std::filesystem::create_directories(fleet.path("state"));
    fleet.start();
    for (int i = 0; i < 10; ++i) CHECK(fleet.hub("d" + std::to_string(i)) == "a");

    fleet.write("rules/rules.yaml", rules_to("b"));
    const HttpAnswer refused = fleet.admin("POST", "/reload");
    CHECK(refused.status == 409);
    const Json report = Json::parse(refused.body);
    CHECK(report["result"] == "refused");
    CHECK(report["guard"]["verdict"] == "refused");
    CHECK(report["guard"]["compared"] == 10);
    CHECK(report["guard"]["movedHub"] == 10);
    CHECK(report["guard"]["moves"][0]["devices"] == 10);
    CHECK(fleet.hub("d1") == "a");
    CHECK(fleet.status()["lastReload"]["result"] == "refused");
    const std::string metrics = fleet.admin("GET", "/metrics").body;
    CHECK(metrics.find("allocd_rules_last_reload_successful 0") != std::string::npos);
    CHECK(metrics.find("allocd_rules_reloads_total{result=\"refused\"} 1") != std::string::npos);
    fleet.stop();

    fleet.start();
    CHECK(fleet.hub("d1") == "a");
    CHECK(fleet.status()["degraded"] == true);
    CHECK(fleet.status()["lastReload"]["result"] == "refused");
    CHECK(fleet.admin("GET", "/readyz").status == 200);
    CHECK(fleet.admin("GET", "/metrics").body.find("allocd_degraded 1") != std::string::npos);
    CHECK(fleet.admin("POST", "/reload?force=true").status == 200);
    CHECK(fleet.hub("d1") == "b");
    CHECK(fleet.status()["degraded"] == false);
    fleet.stop();

    fleet.start();
    CHECK(fleet.hub("d1") == "b");
    CHECK(fleet.status()["degraded"] == false);
    fleet.stop();
  }

  TEST_CASE("a start with broken rules serves the last good set, or, strictly, nothing") {
    Fleet fleet;
    std::filesystem::create_directories(fleet.path("state"));
    fleet.write("allocd.yaml",
                "reload: {debounceMillis: 20}\nstate: " + fleet.path("state") + "\n");
    fleet.start();
    fleet.stop();
    fleet.write("rules/rules.yaml", "version: 1\nrules: [{name: x, allocate: {hubb: a}}]\n");

    Process strict({ALLOCD_BINARY, "serve", "--config", fleet.path("allocd.yaml"), "--rules",
                    fleet.path("rules"), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
                    "--strict"});
    CHECK(strict.exit_code() == 78);

    fleet.start();
    CHECK(fleet.hub("d1") == "a");
    CHECK(fleet.status()["degraded"] == true);
    CHECK(fleet.status()["lastReload"]["diagnostics"][0]["code"] == "unknown-key");
    CHECK(fleet.daemon()->output().find("degraded: the rules cannot be used") != std::string::npos);
    // Mended, it comes out of it by itself.
    fleet.write("rules/rules.yaml", rules_to("b"));
    REQUIRE(becomes_true([&] { return fleet.hub("d1") == "b"; }));
    // The rules decide a moment before the reload is over.
    CHECK(becomes_true([&] { return fleet.status()["degraded"] == false; }));
    fleet.stop();

    // And without the folder at all.
    std::filesystem::remove_all(fleet.path("rules"));
    fleet.start();
    CHECK(fleet.hub("d1") == "b");
    fleet.stop();
  }

  TEST_CASE("a state directory of no use is said, and served on") {
    Fleet fleet;
    fleet.write("not-a-folder", "");
    fleet.write("allocd.yaml", "state: " + fleet.path("not-a-folder") + "\n");
    fleet.start();
    CHECK(fleet.hub("d1") == "a");
    CHECK(fleet.daemon()->output().find("the state directory: ") != std::string::npos);
    fleet.stop();
  }

  TEST_CASE("why was it refused? The last decisions tell, without what is redacted") {
    Fleet fleet;
    fleet.write("rules/rules.yaml", R"(version: 1
rules:
  - name: ovens
    match: {registrationId: {startsWith: oven-}}
    reject: "no ${registrationId} with pin ${payload.pin}"
)");
    fleet.write("allocd.yaml", "decisionLog: {redact: [payload.pin], requests: true, file: " +
                                   fleet.path("decisions.jsonl") + "}\n");
    fleet.start();
    const std::string id = fleet.allocate("oven-1").headers.at("x-allocd-decision");
    fleet.allocate("fridge-1");
    CHECK(fleet.daemon()->output_with(id));
    const Json one = fleet.get("/decisions?registrationId=OVEN-1");
    REQUIRE(one.size() == 1);
    CHECK(one[0]["id"] == id);
    CHECK(one[0]["rule"] == "ovens");
    CHECK(one[0]["reason"] == "no oven-1 with pin [redacted]");
    const Json all = fleet.get("/decisions?outcome=reject&limit=5");
    REQUIRE(all.size() == 2);
    CHECK(all[0]["registrationId"] == "fridge-1");
    CHECK_MESSAGE(all[0].dump().find("ovens") != std::string::npos, all[0].dump(2));
    CHECK(fleet.admin("GET", "/decisions?outcome=refused").status == 400);

    CHECK(fleet.daemon()->output().find("rules read `payload.pin`") != std::string::npos);
    fleet.stop();
    const std::string log = read_file(fleet.path("decisions.jsonl"));
    CHECK(log.find("\"registrationId\":\"oven-1\"") != std::string::npos);
    CHECK(log.find("s3cret") == std::string::npos);
  }

  TEST_CASE("SIGHUP opens the decision log anew") {
    Fleet fleet("");
    fleet.write("allocd.yaml", "decisionLog: {file: " + fleet.path("log") + "}\n");
    fleet.start();
    fleet.allocate("d1");
    REQUIRE(becomes_true(
        [&] { return read_file(fleet.path("log")).find("\"d1\"") != std::string::npos; }));
    std::filesystem::rename(fleet.path("log"), fleet.path("log.1"));
    fleet.daemon()->send_signal(SIGHUP);
    REQUIRE(fleet.daemon()->output_with("reloaded: "));
    fleet.allocate("d2");
    REQUIRE(becomes_true(
        [&] { return read_file(fleet.path("log")).find("\"d2\"") != std::string::npos; }));
    CHECK(read_file(fleet.path("log")).find("\"d1\"") == std::string::npos);
    CHECK(read_file(fleet.path("log.1")).find("\"d2\"") == std::string::npos);
    fleet.stop();
  }

  TEST_CASE("a log that nobody reads holds up no answer, no reload and no end") {
    Fleet fleet("reload: {watch: false}\n");
    fleet.start();
    HttpClient client(fleet.daemon().webhook);
    for (int i = 0; i < 1000; ++i) {  // a line each: more than a pipe holds
      REQUIRE(client.send(request_text("POST", "/allocate", body_of("d" + std::to_string(i)))));
      REQUIRE(client.read_answer()->status == 200);
    }
    CHECK(fleet.get("/decisions?registrationId=d999&limit=1").size() == 1);
    fleet.write("rules/rules.yaml", rules_to("b"));
    CHECK(fleet.admin("POST", "/reload?force=true").status == 200);
    CHECK(fleet.hub("d1") == "b");
    fleet.daemon()->send_signal(SIGTERM);
    const auto has_ended = [pid = fleet.daemon().pid()] {
      siginfo_t ended{};
      return waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
             ended.si_pid == pid;
    };
    CHECK(becomes_true(has_ended));  // and nothing of its output was read until now
    CHECK(fleet.daemon()->exit_code() == 0);
  }

  TEST_CASE("SIGTERM gives a slow decision log what clients leave of its time") {
    Fleet fleet;
    const std::string log = fleet.path("decisions");
    REQUIRE(mkfifo(log.c_str(), 0600) == 0);
    fleet.write("allocd.yaml", "decisionLog: {file: " + log + ", whenFull: block}\n");
    fleet.start();
    const int reader = open(log.c_str(), O_RDONLY | O_NONBLOCK);
    REQUIRE(reader >= 0);
    constexpr std::size_t kRequests = 1000;  // more lines than a pipe holds
    HttpClient client(fleet.daemon().webhook);
    for (std::size_t i = 0; i < kRequests; ++i) {
      REQUIRE(client.send(request_text("POST", "/allocate", body_of("d"))));
      REQUIRE(client.read_answer()->status == 200);
    }
    HttpClient admin(fleet.daemon().admin);
    const std::string ready = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    REQUIRE(admin.send(ready));
    REQUIRE(admin.read_answer()->status == 200);
    fleet.daemon()->send_signal(SIGTERM);
    // Nobody reads for a good while, and it does not give up.
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(2500)) {
      REQUIRE(admin.send(ready));
      REQUIRE(admin.read_answer());
    }
    std::string lines;
    REQUIRE(becomes_true([&] {
      char bytes[65536];
      const ssize_t count = read(reader, bytes, sizeof bytes);
      if (count > 0) lines.append(bytes, static_cast<std::size_t>(count));
      return count == 0;  // it has closed its end
    }));
    close(reader);
    CHECK(static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')) == kRequests);
    CHECK(fleet.daemon()->exit_code() == 0);
  }

  TEST_CASE("no client of either listener holds up the end, one after the other neither") {
    Fleet fleet("limits: {requestSeconds: 3}\n");
    fleet.start();
    const auto begin_request = [](HttpClient& client, const std::string& target) {
      REQUIRE(client.send("POST " + target +
                          " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                          "Expect: 100-continue\r\n\r\n"));
      REQUIRE(client.read_answer()->status == 100);
    };
    HttpClient stuck(fleet.daemon().webhook);
    begin_request(stuck, "/allocate");
    HttpClient admin(fleet.daemon().admin);
    const std::string ready = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const auto begin = std::chrono::steady_clock::now();
    fleet.daemon()->send_signal(SIGTERM);
    // Begun as late as may be: when the other one's time is nearly over.
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(2500)) {
      REQUIRE(admin.send(ready));
      REQUIRE(admin.read_answer());
    }
    begin_request(admin, "/explain");
    CHECK(fleet.daemon()->exit_code() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(5200));
  }

  TEST_CASE("a candidate is tried beside the rules, and promoted") {
    Fleet fleet;
    fleet.write("allocd.yaml", "candidate: [" + fleet.path("next") + "]\nreload: {guard: off}\n");
    fleet.start();
    CHECK(fleet.hub("d1") == "a");
    CHECK(fleet.hub("d2") == "a");
    const Json seen = fleet.get("/candidate");
    CHECK(seen["compared"] == 2);
    CHECK(seen["movedHub"] == 2);
    CHECK(fleet.admin("POST", "/candidate/promote").status == 200);
    CHECK(fleet.hub("d1") == "b");
    CHECK(fleet.status()["promoted"] == true);
    // The next reload brings back what is there.
    CHECK(Json::parse(fleet.admin("POST", "/reload").body)["result"] == "success");
    CHECK(fleet.hub("d1") == "a");
    CHECK(fleet.status()["promoted"] == false);
    fleet.stop();
  }

  TEST_CASE("status, rules, explain, metrics") {
    Fleet fleet;
    fleet.start();
    fleet.allocate("d1");
    fleet.allocate("d2");
    const Json status = fleet.status();
    for (const char* member : {"version", "uptimeSeconds", "revision", "loadedAt", "rules",
                               "degraded", "lastReload", "config", "decisionLog", "state"})
      CHECK_MESSAGE(status.contains(member), member);
    CHECK(status["config"]["needsRestart"] == false);
    fleet.write("allocd.yaml", "webhook: {path: /other}\n");
    CHECK(fleet.status()["config"]["needsRestart"] == true);

    const Json rules = fleet.get("/rules");
    REQUIRE(rules.size() == 1);
    CHECK(rules[0]["name"] == "to-a");
    CHECK(rules[0]["hits"] == 2);
    CHECK(rules[0]["source"] == "rules.yaml:3");
    CHECK(rules[0]["lastHit"].is_string());

    const Json explained = Json::parse(fleet.admin("POST", "/explain", body_of("d3")).body);
    CHECK(explained["rule"] == "to-a");
    CHECK(explained["trace"].size() == 1);
    CHECK(fleet.get("/rules")[0]["hits"] == 2);  // it counts nowhere

    const std::string metrics = fleet.admin("GET", "/metrics").body;
    CHECK(metrics.find("allocd_decisions_total{outcome=\"allocate\",product_line=\"rules\"} 2") !=
          std::string::npos);
    CHECK(metrics.find("allocd_rule_hits_total{rule=\"to-a\"} 2") != std::string::npos);

    const auto foreign = ask(fleet.daemon().admin,
                             "POST /reload HTTP/1.1\r\nHost: evil.example\r\nContent-Length: "
                             "0\r\n\r\n");
    CHECK(foreign->status == 403);
    CHECK(fleet.admin("GET", "/nothing").status == 404);
    CHECK(fleet.admin("GET", "/candidate").body == "null\n");
    CHECK(fleet.admin("POST", "/candidate/promote").status == 404);
    fleet.stop();
  }
}

TEST_SUITE("living daemon under load") {
  TEST_CASE("rules change a hundred times, and every request is answered by one set or the other") {
    Fleet fleet;
    fleet.write("allocd.yaml", "reload: {watch: false, guard: off}\n");
    fleet.start();
    std::atomic<bool> over = false;
    std::atomic<int> odd = 0;
    std::atomic<int> answered = 0;
    std::vector<std::thread> devices;
    for (int i = 0; i < 3; ++i)
      devices.emplace_back([&, i] {
        HttpClient client(fleet.daemon().webhook);
        const std::string request =
            request_text("POST", "/allocate", body_of("d" + std::to_string(i)));
        while (!over) {
          const auto answer = client.send(request) ? client.read_answer() : std::nullopt;
          const bool whole = answer && answer->status == 200 &&
                             (answer->body == R"({"iotHubHostName":"a-hub.azure-devices.net"})" ||
                              answer->body == R"({"iotHubHostName":"b-hub.azure-devices.net"})");
          (whole ? answered : odd).fetch_add(1);
          if (!answer) return;
        }
      });
    // Somebody has to read what it says of each decision.
    std::thread reader([&] {
      while (!over) {
        fleet.daemon()->output_with("never said", 1);
        fleet.daemon()->forget_output();
      }
    });
    for (int i = 0; i < 100; ++i) {
      fleet.write("rules/rules.yaml", rules_to(i % 2 == 0 ? "b" : "a"));
      CHECK(fleet.admin("POST", "/reload").status == 200);
    }
    over = true;
    for (std::thread& device : devices) device.join();
    reader.join();
    CHECK(odd.load() == 0);
    CHECK(answered.load() > 100);
    fleet.stop();
  }
}
