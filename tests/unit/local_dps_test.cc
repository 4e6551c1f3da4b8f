// Devices register through the API, a real webhook is asked, and what came of it is told.
#include "simulator/local_dps.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "http/server.h"
#include "simulator/device_api.h"
#include "simulator/sas_token.h"
#include "support/process.h"
#include "webhook/hmac_sha256.h"

using namespace allocd;
using std::chrono::seconds;

namespace {

constexpr const char* kToA = R"({"iotHubHostName":"a.net","initialTwin":{"tags":{"of":"a"}}})";
constexpr const char* kToB =
    R"({"iotHubHostName":"b.net","initialTwin":{"tags":{"of":"b"}},"payload":{"every":5}})";

// A webhook that answers as it is told, the last thing again and again.
class ScriptedWebhook {
 public:
  explicit ScriptedWebhook(std::deque<HttpResponse> answers)
      : answers_(std::move(answers)),
        server_({"127.0.0.1:0"}, HttpLimits{},
                [this](const HttpRequest& request) { return answer(request); }) {}

  std::string url() const { return "http://" + server_.address() + "/allocate?code=s3cret"; }
  std::vector<HttpRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  Json last_body() { return Json::parse(requests().back().body); }

 private:
  HttpResponse answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    HttpResponse out = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return out;
  }

  std::mutex mutex_;
  std::deque<HttpResponse> answers_;
  std::vector<HttpRequest> requests_;
  HttpServer server_;
};

HttpResponse ok(const char* body) { return {200, "application/json", body, {}}; }

Enrollments enrollments() {
  Enrollments out;
  out.id_scope = "0ne";
  out.linked_hubs = {"a.net", "b.net"};
  Enrollment group;
  group.is_group = true;
  group.id = "g";
  group.attestation = SymmetricKeys{"group key", ""};
  out.groups.push_back(group);
  Enrollment lab;
  lab.id = "lab-1";
  lab.device_id = "lab-one";
  lab.attestation = SymmetricKeys{"lab key", ""};
  out.individuals.push_back(lab);
  return out;
}

LocalDps::Settings settings(const std::string& webhook) {
  LocalDps::Settings out;
  out.webhook = webhook;
  out.time_scale = 0;
  return out;
}

HttpUrl url_of(const std::string& text) {
  std::string why;
  return parse_url(text, why).value();
}

// The service, and a device that speaks to it.
class Service {
 public:
  explicit Service(const std::string& webhook, Enrollments all = enrollments(),
                   const std::string& state = "")
      : enrollments_(std::move(all)),
        store_(state.empty() ? std::make_unique<RegistrationStore>()
                             : std::make_unique<RegistrationStore>(state)),
        dps_(enrollments_, *store_, settings(webhook), url_of(webhook),
             {[this](const std::string& line) { took(&notes_, line); },
              [this](const Registration& registration, bool twin) {
                took(&ends_, registration.id + (twin ? " takes the twin" : ""));
              }}),
        api_(device_api(dps_, enrollments_.id_scope, "https")) {}

  HttpResponse ask(const std::string& method, const std::string& id, const std::string& rest,
                   const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.path = "/0ne/registrations/" + id + rest;
    request.query = "api-version=2021-06-01";
    request.body = body;
    request.headers = {{"host", "localhost:8443"}, {"authorization", authorization(id)}};
    return api_(request);
  }
  HttpResponse begin(const std::string& id, const std::string& body = "{}") {
    return ask("PUT", id, "/register", body);
  }
  HttpResponse poll(const std::string& id, const std::string& operation) {
    return ask("GET", id, "/operations/" + operation, "{}");
  }
  // Registers and waits for the end: the last answer.
  Json register_now(const std::string& id, const std::string& body = "{}") {
    const std::size_t before = ends();
    const HttpResponse begun = begin(id, body);
    REQUIRE(begun.status == 202);
    wait_for_ends(before + 1);
    const HttpResponse end = poll(id, Json::parse(begun.body)["operationId"].get<std::string>());
    REQUIRE(end.status == 200);
    return Json::parse(end.body);
  }

  std::size_t ends() {
    const std::lock_guard lock(mutex_);
    return ends_.size();
  }
  void wait_for_ends(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, seconds(20), [&] { return ends_.size() >= count; }));
  }
  void wait_for_notes(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, seconds(20), [&] { return notes_.size() >= count; }));
  }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }
  std::string last_end() {
    const std::lock_guard lock(mutex_);
    return ends_.back();
  }
  const RegistrationStore& store() const { return *store_; }
  LocalDps& dps() { return dps_; }

 private:
  std::string authorization(const std::string& id) const {
    const auto later =
        std::chrono::floor<seconds>(std::chrono::system_clock::now()) + std::chrono::hours(1);
    const std::string key = id == "lab-1" ? "lab key" : hmac_sha256("group key", id);
    return make_sas_token("0ne/registrations/" + id, key, later);
  }
  void took(std::vector<std::string>* into, const std::string& line) {
    const std::lock_guard lock(mutex_);
    into->push_back(line);
    changed_.notify_all();
  }

  const Enrollments enrollments_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> notes_;
  std::vector<std::string> ends_;
  std::unique_ptr<RegistrationStore> store_;
  LocalDps dps_;
  HttpHandler api_;
};

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

}  // namespace

TEST_SUITE("threads: local dps") {
  TEST_CASE("a device registers, waits, and has its hub") {
    ScriptedWebhook webhook({ok(kToB)});
    Service service(webhook.url());
    const HttpResponse begun = service.begin("Dev-1", R"({"registrationId":"dev-1",)"
                                                      R"("payload":{"model":"x"}})");
    CHECK(begun.status == 202);
    CHECK(begun.content_type == "application/json; charset=utf-8");
    CHECK(header(begun, "Retry-After") == "3");
    CHECK(header(begun, "Location") == "https://localhost:8443/0ne/registrations/Dev-1/register");
    CHECK_FALSE(header(begun, "x-ms-request-id").empty());
    const Json first = Json::parse(begun.body);
    CHECK(first.size() == 2);
    CHECK(first["status"] == "assigning");
    const std::string operation = first["operationId"];
    service.wait_for_ends(1);
    CHECK(service.last_end() == "Dev-1 takes the twin");

    CHECK(service.poll("dev-1", operation).status == 200);  // the same ID
    const HttpResponse ended = service.poll("Dev-1", operation);
    CHECK(ended.status == 200);
    const Json body = Json::parse(ended.body);
    CHECK(body["operationId"] == operation);
    CHECK(body["status"] == "assigned");
    const Json& state = body["registrationState"];
    CHECK(state["registrationId"] == "Dev-1");
    CHECK(state["assignedHub"] == "b.net");
    CHECK(state["deviceId"] == "Dev-1");
    CHECK(state["substatus"] == "initialAssignment");
    CHECK(state["payload"] == Json{{"every", 5}});
    const HttpResponse lookup = service.ask("POST", "Dev-1", "");
    CHECK(lookup.status == 200);
    CHECK(Json::parse(lookup.body) == state);
    CHECK(service.notes().empty());

    const HttpRequest asked = webhook.requests().front();
    CHECK(asked.method == "POST");
    CHECK(asked.query == "code=s3cret");
    const Json question = webhook.last_body();
    CHECK(question["deviceRuntimeContext"] == Json{{"registrationId", "Dev-1"},
                                                   {"symmetricKey", Json::object()},
                                                   {"payload", {{"model", "x"}}}});
    CHECK(asked.body.find("s3cret") == std::string::npos);
    CHECK(asked.body.find("****") != std::string::npos);
    CHECK(service.store().find("dev-1")->on_hub->twin == Json{{"tags", {{"of", "b"}}}});
  }

  TEST_CASE("while it waits it is told so, and registering again changes nothing") {
    std::promise<void> let_go;
    auto gate = let_go.get_future().share();
    HttpServer slow({"127.0.0.1:0"}, HttpLimits{}, [gate](const HttpRequest&) {
      gate.wait();
      return ok(kToA);
    });
    Service service("http://" + slow.address() + "/");
    const HttpResponse begun = service.begin("dev-1");
    const std::string operation = Json::parse(begun.body)["operationId"];
    CHECK(service.begin("dev-1").body == begun.body);
    const HttpResponse waiting = service.poll("dev-1", operation);
    CHECK(waiting.status == 202);
    CHECK(header(waiting, "Retry-After") == "3");
    CHECK(Json::parse(waiting.body) ==
          Json{{"operationId", operation},
               {"status", "assigning"},
               {"registrationState", {{"registrationId", "dev-1"}, {"status", "assigning"}}}});
    CHECK(Json::parse(service.ask("POST", "dev-1", "").body)["status"] == "assigning");
    let_go.set_value();
    service.wait_for_ends(1);
    CHECK(service.poll("dev-1", operation).status == 200);
    CHECK(service.ends() == 1);
  }

  TEST_CASE("what a webhook's answers come to, and what nobody else would tell") {
    struct Case {
      HttpResponse answer;
      int code;
      std::string message, note;
    };
    const std::string failed = "Custom allocation failed with status code: ";
    const Case cases[] = {
        {{400, "text/plain", "Unrecognized device.\n", {}},
         400207,
         failed + "400",
         "dev-1: the webhook answered 400 \"Unrecognized device.\""},
        {{404, "text/plain", "", {}}, 400207, failed + "404", "dev-1: the webhook answered 404"},
        {{401, "text/plain", "no key", {}},
         400209,
         "Custom allocation failed with unauthorized access",
         "dev-1: the webhook answered 401 \"no key\""},
        {ok(R"({"iotHubHostName":null})"), 400208, "Custom allocation did not specify an IoT hub",
         "dev-1: the webhook answered 200"},
        {ok(R"({"iotHubHostName":"c.net"})"), 400207,
         "Custom allocation failed: `c.net` is none of the hubs that the device may be assigned to",
         "dev-1: the webhook answered 200"},
        {{400, "text/plain", "\x1b[31mred\r\n", {}},
         400207,
         failed + "400",
         "dev-1: the webhook answered 400 \"\\x1b[31mred\""},
    };
    for (const Case& c : cases) {
      CAPTURE(c.note);
      ScriptedWebhook webhook({c.answer});
      Service service(webhook.url());
      const Json end = service.register_now("dev-1");
      CHECK(end["status"] == "failed");
      CHECK(end["registrationState"]["errorCode"] == c.code);
      CHECK(end["registrationState"]["errorMessage"] == c.message);
      CHECK(service.notes() == std::vector<std::string>{c.note});
      CHECK(webhook.requests().size() == 1);
    }
  }

  TEST_CASE("429 and more is asked again, ten times, and then it fails") {
    const HttpResponse busy{503, "text/plain", "later", {}};
    ScriptedWebhook twice({busy, {429, "text/plain", "", {}}, ok(kToA)});
    Service patient(twice.url());
    CHECK(patient.register_now("dev-1")["status"] == "assigned");
    CHECK(patient.notes() ==
          std::vector<std::string>{"dev-1: the webhook answered 503 \"later\"",
                                   "dev-1: asked again in 0 s, the 1. time of 10",
                                   "dev-1: the webhook answered 429",
                                   "dev-1: asked again in 0 s, the 2. time of 10"});
    ScriptedWebhook never({busy});
    Service service(never.url());
    const Json end = service.register_now("dev-1");
    CHECK(end["registrationState"]["errorCode"] == 400207);
    CHECK(end["registrationState"]["errorMessage"] ==
          "Custom allocation failed with status code: 503");
    CHECK(never.requests().size() == 11);
  }

  TEST_CASE("a webhook that is not there counts as 503") {
    std::string address;
    {
      ScriptedWebhook gone({ok(kToA)});
      address = gone.url();
    }
    Service service(address);
    CHECK(service.register_now("dev-1")["registrationState"]["errorMessage"] ==
          "Custom allocation failed with status code: 503");
    CHECK(service.notes().front().starts_with("dev-1: the webhook: "));
  }

  TEST_CASE("registering again: the webhook is told where the device is") {
    ScriptedWebhook webhook({ok(kToA), ok(kToB), {400, "", "", {}}, ok(kToA)});
    Enrollments all = enrollments();
    all.groups[0].reprovision = ReprovisionPolicy{true, false};
    Service service(webhook.url(), all);
    const Json first = service.register_now("dev-1");
    CHECK_FALSE(webhook.last_body()["deviceRuntimeContext"].contains("currentIotHubHostName"));
    const Json second = service.register_now("dev-1");
    CHECK(webhook.last_body()["deviceRuntimeContext"]["currentIotHubHostName"] == "a.net");
    CHECK(webhook.last_body()["deviceRuntimeContext"]["currentDeviceId"] == "dev-1");
    CHECK(second["registrationState"]["substatus"] == "deviceDataReset");
    CHECK(second["registrationState"]["createdDateTimeUtc"] ==
          first["registrationState"]["createdDateTimeUtc"]);
    CHECK(second["operationId"] != first["operationId"]);
    CHECK(service.poll("dev-1", first["operationId"].get<std::string>()).status == 404);
    CHECK(service.last_end() == "dev-1 takes the twin");
    // Fails now, and stays where it was.
    CHECK(service.register_now("dev-1")["status"] == "failed");
    CHECK(service.store().find("dev-1")->on_hub->hub == "b.net");
    CHECK(service.register_now("dev-1")["registrationState"]["substatus"] == "deviceDataReset");
    CHECK(webhook.last_body()["deviceRuntimeContext"]["currentIotHubHostName"] == "b.net");
  }

  TEST_CASE("who may never move is asked about with its own hub only") {
    ScriptedWebhook webhook({ok(kToA), ok(kToB), ok(kToA)});
    Enrollments all = enrollments();
    all.groups[0].reprovision = ReprovisionPolicy{false, false};
    Service service(webhook.url(), all);
    service.register_now("dev-1");
    CHECK(
        service.register_now("dev-1")["registrationState"]["errorMessage"] ==
        "Custom allocation failed: `b.net` is none of the hubs that the device may be assigned to");
    CHECK(webhook.last_body()["linkedHubs"] == Json{"a.net"});
    CHECK(service.register_now("dev-1")["registrationState"]["substatus"] ==
          "reprovisionedToInitialAssignment");
  }

  TEST_CASE("an individual enrollment, its device ID, and one that is disabled") {
    ScriptedWebhook webhook({ok(kToA)});
    Enrollments all = enrollments();
    Service service(webhook.url(), all);
    CHECK(service.register_now("lab-1")["registrationState"]["deviceId"] == "lab-one");
    CHECK(webhook.last_body()["individualEnrollment"]["registrationId"] == "lab-1");
    all.individuals[0].enabled = false;
    Service closed(webhook.url(), all);
    const Json end = closed.register_now("lab-1");
    CHECK(end["status"] == "disabled");
    CHECK(end["registrationState"] == Json{{"registrationId", "lab-1"}, {"status", "disabled"}});
    CHECK(webhook.requests().size() == 1);
  }

  TEST_CASE("requests that are wrong") {
    ScriptedWebhook webhook({ok(kToA)});
    Service service(webhook.url());
    const std::string unknown = "404 404201 ";
    struct Case {
      std::string method, path, query, body, told;
    };
    const std::string register_path = "/0ne/registrations/dev-1/register";
    const Case cases[] = {
        {"PUT", register_path, "", "{}", "400 400000 The query has no `api-version`."},
        {"PUT", register_path, "api-version=", "{}", "400 400000 The query has no `api-version`."},
        {"PUT", register_path, "api-version=x", "{", "400 400000 "},
        {"PUT", register_path, "api-version=x", "[]", "400 400000 The body is no JSON object."},
        {"PUT", register_path, "api-version=x", R"({"registrationId":"dev-2"})",
         "400 400000 `registrationId` is not that of the URL."},
        {"PUT", register_path, "api-version=x", R"({"payload":[1]})",
         "400 400000 `payload` is no JSON object."},
        {"PUT", register_path, "api-version=x", R"({"tpm":{"endorsementKey":"x"}})",
         "400 400000 Devices with a TPM cannot register here: only symmetric keys and X.509 "
         "certificates are known."},
        {"GET", register_path, "api-version=x", "", "405 405000 Only PUT is answered here."},
        {"DELETE", "/0ne/registrations/dev-1", "api-version=x", "",
         "405 405000 Only POST is answered here."},
        {"PUT", "/0nf/registrations/dev-1/register", "api-version=x", "{}",
         "404 404000 No service has the ID scope `0nf`; here it is `0ne`"},
        {"PUT", "/0ne/registrations/a b/register", "api-version=x", "{}",
         "400 400000 `a b` cannot be a registration ID."},
        {"PUT", "/0ne/registrations//register", "api-version=x", "{}",
         "400 400000 `` cannot be a registration ID."},
        {"GET", "/", "", "",
         "404 404000 There is no such resource: paths begin with "
         "/0ne/registrations/{registrationId}"},
        {"GET", "/0ne/registrations/dev-1/operations/x/y", "api-version=x", "", "404 404000 "},
        {"GET", "/0ne/registrations/dev-1/operations/x", "api-version=x", "",
         "404 404201 Device registration not found: `dev-1` has not registered here"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.method + " " + c.path + " " + c.body);
      HttpRequest request;
      request.method = c.method;
      request.path = c.path;
      request.query = c.query;
      request.body = c.body;
      const auto later =
          std::chrono::floor<seconds>(std::chrono::system_clock::now()) + std::chrono::hours(1);
      request.headers = {
          {"authorization",
           make_sas_token("0ne/registrations/dev-1", hmac_sha256("group key", "dev-1"), later)}};
      const HttpResponse answer = device_api(service.dps(), "0ne", "https")(request);
      const Json body = Json::parse(answer.body);
      const std::string told = std::to_string(answer.status) + " " + body["errorCode"].dump() +
                               " " + body["message"].get<std::string>();
      CHECK(told.substr(0, c.told.size()) == c.told);
      CHECK(header(answer, "x-ms-request-id") == body["trackingId"]);
      CHECK(body.contains("timestampUtc"));
      CHECK((answer.status == 405) == !header(answer, "Allow").empty());
    }
    CHECK(webhook.requests().empty());
  }

  TEST_CASE("what a device was told is found by the next process; what was under way begins anew") {
    const test::TemporaryFolder folder;
    const std::string state = folder.path() + "/state.jsonl";
    ScriptedWebhook webhook({ok(kToA)});
    std::string operation;
    {
      Service service(webhook.url(), enrollments(), state);
      operation = service.register_now("dev-1")["operationId"];
    }
    Service service(webhook.url(), enrollments(), state);
    const HttpResponse found = service.poll("dev-1", operation);
    CHECK(found.status == 200);
    CHECK(Json::parse(found.body)["registrationState"]["assignedHub"] == "a.net");
    service.register_now("dev-1");
    CHECK(webhook.last_body()["deviceRuntimeContext"]["currentIotHubHostName"] == "a.net");
  }

  TEST_CASE("while the state cannot be written, devices wait") {
    const test::TemporaryFolder folder;
    const std::string state = folder.path() + "/state.jsonl";
    ScriptedWebhook webhook({ok(kToA)});
    Service service(webhook.url(), enrollments(), state);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit none{0, before.rlim_max};
    std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    const HttpResponse begun = service.begin("dev-1");
    const std::string operation = Json::parse(begun.body)["operationId"];
    service.wait_for_notes(1);
    const HttpResponse waiting = service.poll("dev-1", operation);
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_DFL);
    CHECK(service.notes().front() ==
          "dev-1: cannot write the state: File too large; tried again every second");
    CHECK(waiting.status == 202);
    service.wait_for_ends(1);
    CHECK(service.poll("dev-1", operation).status == 200);
  }

  TEST_CASE("many devices side by side, each with its own answer") {
    HttpServer webhook({"127.0.0.1:0"}, HttpLimits{}, [](const HttpRequest& request) {
      const Json body = Json::parse(request.body);
      const std::string id = body["deviceRuntimeContext"]["registrationId"];
      return ok(id.back() % 2 == 0 ? kToA : kToB);
    });
    Service service("http://" + webhook.address() + "/");
    constexpr int kDevices = 200;
    for (int i = 0; i < kDevices; ++i)
      CHECK(service.begin("dev-" + std::to_string(i)).status == 202);
    service.wait_for_ends(kDevices);
    for (const Registration& one : service.store().all())
      CHECK(one.on_hub->hub == (one.id.back() % 2 == 0 ? "a.net" : "b.net"));
  }

  TEST_CASE("its end does not wait for retries that are due later") {
    ScriptedWebhook webhook({{503, "text/plain", "", {}}});
    const Enrollments all = enrollments();
    RegistrationStore store;
    LocalDps::Settings slow = settings(webhook.url());
    slow.time_scale = 100;
    std::promise<void> asked;
    auto noted = std::make_shared<std::once_flag>();
    LocalDps dps(
        all, store, slow, url_of(slow.webhook),
        {[&, noted](const std::string&) { std::call_once(*noted, [&] { asked.set_value(); }); },
         [](const Registration&, bool) {}});
    const auto later =
        std::chrono::floor<seconds>(std::chrono::system_clock::now()) + std::chrono::hours(1);
    const std::string token =
        make_sas_token("0ne/registrations/d", hmac_sha256("group key", "d"), later);
    dps.register_device("d", {token, nullptr}, std::nullopt, "2021-06-01");
    REQUIRE(asked.get_future().wait_for(seconds(20)) == std::future_status::ready);
  }

  TEST_CASE("its end does not wait for a webhook that does not answer") {
    const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* address = reinterpret_cast<sockaddr*>(&name);
    REQUIRE(bind(silent, address, size) == 0);
    REQUIRE(listen(silent, 5) == 0);
    REQUIRE(getsockname(silent, address, &size) == 0);
    auto service =
        std::make_unique<Service>("http://127.0.0.1:" + std::to_string(ntohs(name.sin_port)) + "/");
    CHECK(service->begin("dev-1").status == 202);
    const int asked = accept(silent, nullptr, nullptr);
    REQUIRE(asked >= 0);
    char byte = 0;
    REQUIRE(recv(asked, &byte, 1, 0) == 1);  // so it is waited for
    auto end = std::async(std::launch::async, [&] { service.reset(); });
    const bool ended = end.wait_for(seconds(20)) == std::future_status::ready;
    CHECK(ended);
    close(asked);
    close(silent);
  }
}
