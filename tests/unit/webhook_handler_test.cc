// The webhook as a handler: routes, keys, decisions, ids and what is kept of each.
#include "daemon/webhook_handler.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "daemon/decision_fields.h"
#include "daemon/decision_id.h"
#include "daemon/log.h"
#include "rulefile/load_rules.h"

using namespace allocd;

namespace {

constexpr const char* kRules = R"(version: 1
rules:
  - name: toaster-007
    match:
      registrationId: {contains: "-contoso-tstrsd-007"}
    allocate:
      hub: "*-toasters-*"
      initialTwin: {tags: {deviceType: toaster}}
      onNoHub: {reject: "No toasters hub found for the enrollment."}
  - name: later
    match: {registrationId: later}
    retryLater: not now
)";

std::shared_ptr<const RulesInForce> rules_of(const std::string& text) {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("rules.yaml", "rules.yaml", text));
  LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all()) MESSAGE(render(diagnostic));
  REQUIRE(loaded.rules);
  return std::make_shared<const RulesInForce>(loaded.rules, loaded.revision,
                                              std::chrono::system_clock::now(), nullptr);
}

std::string body_for(const std::string& id) {
  return R"({"deviceRuntimeContext":{"registrationId":)" + Json(id).dump(-1, ' ', true) +
         R"(},"linkedHubs":["contoso-toasters-hub-1098.azure-devices.net"]})";
}

const WebhookKeyStore kOpen(std::make_shared<const WebhookKeys>());

HttpRequest post(const std::string& body) { return {"POST", "/allocate", "", body}; }

std::string header(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

// A handler with all that it works with; what it decides is logged, as the daemon does.
class Webhook {
 public:
  explicit Webhook(const WebhookKeyStore& keys = kOpen, const std::string& path = "/allocate")
      : handler_(webhook_handler({store, keys, counts, aftermath_}, path)) {}

  HttpResponse operator()(const HttpRequest& request) {
    HttpResponse response = handler_(request);
    REQUIRE(aftermath_.settle(std::chrono::seconds(20)));
    return response;
  }

  RuleStore store{rules_of(kRules)};
  DecisionCounts counts;

 private:
  Aftermath aftermath_{[](const DecisionEvent& event) {
                         if (spdlog::should_log(spdlog::level::info))
                           log_event(spdlog::level::info, "decision",
                                     decision_fields(event, Redaction()));
                       },
                       Aftermath::WhenFull::Block};
  HttpHandler handler_;
};

// What is logged while it lives.
class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  // The only line, its id and duration replaced.
  std::string line() const {
    const std::string masked =
        std::regex_replace(text_.str(), std::regex(R"(\bid=[0-9a-f]{32} )"), "id=ID ");
    return std::regex_replace(masked, std::regex("micros=[0-9]+\n$"), "micros=N\n");
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace

TEST_CASE("a decision, its answer and its line in the log") {
  struct Case {
    std::string name;
    std::string body;
    int status;
    std::string answer;
    std::string line;
  };
  const Case cases[] = {
      {"allocated", body_for("breakroom499-contoso-tstrsd-007"), 200,
       R"({"iotHubHostName":"contoso-toasters-hub-1098.azure-devices.net","initialTwin":{"tags":{"deviceType":"toaster"}}})",
       "decision id=ID registrationId=breakroom499-contoso-tstrsd-007 outcome=allocate status=200 "
       "rule=toaster-007 hub=contoso-toasters-hub-1098.azure-devices.net reason=- micros=N\n"},
      {"no rule", body_for("fridge"), 400, "Unrecognized device registration.",
       "decision id=ID registrationId=fridge outcome=reject status=400 rule=- hub=- "
       "reason=\"Unrecognized device registration.\" micros=N\n"},
      {"later", body_for("later"), 503, "not now",
       "decision id=ID registrationId=later outcome=retryLater status=503 rule=later hub=- "
       "reason=\"not now\" micros=N\n"},
      {"not JSON", "{\"a", 400, "The body is not JSON: unexpected end of input at byte 4.",
       "decision id=ID registrationId=- outcome=reject status=400 rule=- hub=- "
       "reason=\"The body is not JSON: unexpected end of input at byte 4.\" micros=N\n"},
      {"an ID that would forge a line", body_for("x\ndecision id=1 outcome=allocate"), 400,
       "Unrecognized device registration.",
       "decision id=ID registrationId=\"x\\ndecision id=1 outcome=allocate\" outcome=reject "
       "status=400 "
       "rule=- hub=- reason=\"Unrecognized device registration.\" micros=N\n"},
      {"an ID that would leave its quotes", body_for("x\" status=200 \\\" y\\"), 400,
       "Unrecognized device registration.",
       "decision id=ID registrationId=\"x\\\" status=200 \\\\\\\" y\\\\\" outcome=reject "
       "status=400 "
       "rule=- hub=- reason=\"Unrecognized device registration.\" micros=N\n"},
      {"an empty ID", body_for(""), 400, "Unrecognized device registration.",
       "decision id=ID registrationId=\"\" outcome=reject status=400 rule=- hub=- "
       "reason=\"Unrecognized device registration.\" micros=N\n"},
      {"an ID that is a dash", body_for("-"), 400, "Unrecognized device registration.",
       "decision id=ID registrationId=\"-\" outcome=reject status=400 rule=- hub=- "
       "reason=\"Unrecognized device registration.\" micros=N\n"},
  };
  Webhook handler;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const CapturedLog log;
    const HttpResponse response = handler(post(c.body));
    CHECK(response.status == c.status);
    CHECK(response.body == c.answer);
    CHECK(log.line() == c.line);
    const std::string id = header(response, "x-allocd-decision");
    CHECK(id.size() == 32);
    CHECK(log.text().find("id=" + id + " ") != std::string::npos);
    CHECK(header(response, "Retry-After") == (c.status == 503 ? "10" : ""));
  }
}

TEST_CASE("a very long ID is cut in the log") {
  Webhook handler;
  for (const std::string& piece :
       {std::string("a"), std::string("\""), std::string("\x01"), std::string("é")}) {
    CAPTURE(piece);
    std::string id;
    for (int i = 0; i < 5000; ++i) id += piece;
    const CapturedLog log;
    handler(post(body_for(id)));
    CHECK(log.text().size() < 1000);
    CHECK(log.text().find("…\" outcome=reject") != std::string::npos);
  }
}

TEST_CASE("nothing is logged where the level is off, and the answer has its id all the same") {
  Webhook handler;
  const CapturedLog log;
  spdlog::set_level(spdlog::level::warn);
  CHECK(header(handler(post(body_for("fridge"))), "x-allocd-decision").size() == 32);
  CHECK(log.text().empty());
}

TEST_CASE("a child that was forked has ids of its own") {
  new_decision_id();  // from here on there are bytes in store
  int ends[2] = {-1, -1};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string id = new_decision_id();
    _exit(write(ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size()) ? 0 : 1);
  }
  REQUIRE(child > 0);
  std::string of_child(32, ' ');
  CHECK(read(ends[0], of_child.data(), of_child.size()) == 32);
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  close(ends[0]);
  close(ends[1]);
  for (int i = 0; i < 40; ++i) CHECK(new_decision_id() != of_child);
}

TEST_CASE("what is no call of the webhook is no decision") {
  Webhook handler(kOpen, "/hooks/allocate");
  const CapturedLog log;
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    const HttpResponse response = handler({method, "/hooks/allocate", "", ""});
    CHECK(response.status == 405);
    CHECK(header(response, "Allow") == "POST");
  }
  for (const char* path :
       {"/allocate", "/", "", "/hooks/allocate/", "/hooks/Allocate", "/healthz"}) {
    CAPTURE(path);
    CHECK(handler({"POST", path, "", body_for("fridge")}).status == 404);
  }
  CHECK(handler({"POST", "/hooks/allocate", "code=x", body_for("fridge")}).status == 400);
  CHECK(log.text().find("decision") == log.text().rfind("decision"));  // one line
}

TEST_CASE("with keys, only a right one is answered, and neither it nor a wrong one is logged") {
  const WebhookKeyStore keys(
      std::make_shared<const WebhookKeys>(std::vector<std::string>{"open+sesame", "second"}));
  Webhook handler(keys);
  const std::string body = body_for("breakroom499-contoso-tstrsd-007");
  struct Case {
    std::string name;
    std::string query;
    std::vector<std::pair<std::string, std::string>> headers;
    int status;
    std::string said;  // how the text of the refusal begins
  };
  const Case cases[] = {
      {"none", "", {}, 401, "no key: "},
      {"wrong", "code=barley", {}, 401, "wrong key: "},
      {"wrong in the header", "", {{"x-functions-key", "barley"}}, 401, "wrong key: "},
      {"in the query", "a=b&code=open%2Bsesame", {}, 200, ""},
      {"the second", "code=second", {}, 200, ""},
      {"in the header", "", {{"x-functions-key", "open+sesame"}}, 200, ""},
  };
  const CapturedLog log;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const HttpResponse response = handler({"POST", "/allocate", c.query, body, c.headers});
    CHECK(response.status == c.status);
    CHECK((header(response, "x-allocd-decision") != "") == (c.status == 200));
    if (c.status == 401) {
      CHECK(response.content_type == "text/plain");
      CHECK(response.body.starts_with(c.said));
      CHECK(response.body.find("barley") == std::string::npos);
    }
  }
  // One line for the first refusal, none soon after, one for each decision.
  const std::regex expected(
      "webhook calls refused with 401: 1 without a key, 0 with a wrong key\n"
      "(decision id=[0-9a-f]{32} [^\n]*\n){3}");
  CHECK_MESSAGE(std::regex_match(log.text(), expected), log.text());
  for (const char* secret : {"sesame", "second", "barley", "code="})
    CHECK(log.text().find(secret) == std::string::npos);
}

TEST_CASE("path and method come before the key") {
  const WebhookKeyStore keys(
      std::make_shared<const WebhookKeys>(std::vector<std::string>{"sesame"}));
  Webhook handler(keys);
  const CapturedLog log;
  CHECK(handler({"POST", "/other", "", ""}).status == 404);
  CHECK(handler({"GET", "/allocate", "code=sesame", ""}).status == 405);
  CHECK(handler({"GET", "/allocate", "", ""}).status == 405);
  CHECK(log.text() == "");
}

TEST_CASE("keys replaced count from the next request on") {
  WebhookKeyStore keys(std::make_shared<const WebhookKeys>(std::vector<std::string>{"old"}));
  Webhook handler(keys);
  const HttpRequest with_old{"POST", "/allocate", "code=old", body_for("later")};
  const HttpRequest with_new{"POST", "/allocate", "code=new", body_for("later")};
  const CapturedLog log;
  CHECK(handler(with_old).status == 503);
  CHECK(handler(with_new).status == 401);
  keys.replace(std::make_shared<const WebhookKeys>(std::vector<std::string>{"new"}));
  CHECK(handler(with_old).status == 401);
  CHECK(handler(with_new).status == 503);
}

TEST_SUITE("threads: rule store") {
  TEST_CASE("rules may be replaced while they decide") {
    Webhook handler;
    const auto refusing = rules_of("version: 1\nrules:\n  - {name: none, reject: nobody}\n");
    const auto allocating = handler.store.snapshot();
    const CapturedLog log;
    std::atomic<int> odd = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i)
      callers.emplace_back([&] {
        for (int j = 0; j < 200; ++j) {
          const HttpResponse response = handler(post(body_for("a-contoso-tstrsd-007")));
          const bool whole = response.status == 200 || response.body == "nobody";
          if (!whole) odd.fetch_add(1);
        }
      });
    for (int i = 0; i < 200; ++i) handler.store.replace(i % 2 == 0 ? refusing : allocating);
    for (std::thread& caller : callers) caller.join();
    CHECK(odd.load() == 0);
  }

  TEST_CASE("ids are never the same") {
    std::vector<std::vector<std::string>> ids(4);
    std::vector<std::thread> threads;
    for (auto& mine : ids)
      threads.emplace_back([&mine] {
        for (int i = 0; i < 1000; ++i) mine.push_back(new_decision_id());
      });
    for (std::thread& thread : threads) thread.join();
    std::set<std::string> all;
    for (const auto& mine : ids) all.insert(mine.begin(), mine.end());
    CHECK(all.size() == 4000);
  }
}
