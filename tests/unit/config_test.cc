// The daemon's settings: what is taken, and what is said about the rest.
#include "daemon/config.h"

#include <string>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

std::string mistakes(const std::string& text) {
  const SourceFile file("allocd.yaml", "allocd.yaml", text);
  Diagnostics diagnostics;
  const auto config = parse_config(file, diagnostics);
  CHECK(config.has_value() != diagnostics.has_errors());
  std::string out;
  for (const Diagnostic& d : diagnostics.sorted())
    out += std::to_string(d.line) + ":" + std::to_string(d.column) + " " + d.code + "\n";
  return out;
}

}  // namespace

TEST_CASE("an empty configuration is all defaults") {
  for (const char* text : {"", "# nothing\n", "{}\n"}) {
    const SourceFile file("allocd.yaml", "allocd.yaml", text);
    Diagnostics diagnostics;
    const auto config = parse_config(file, diagnostics);
    REQUIRE(config);
    CHECK(diagnostics.all().empty());
    CHECK(config->listen == "127.0.0.1:8080");
    CHECK(config->admin_listen == "127.0.0.1:8081");
    CHECK(config->rules == std::vector<std::string>{"/etc/allocd/rules"});
    CHECK(config->webhook_path == "/allocate");
    CHECK(config->webhook_key_files.empty());
    CHECK(config->limits.body_bytes == 262144);
    CHECK(config->limits.connections == 1024);
    CHECK(config->limits.request_seconds == 5);
    CHECK(config->log_level == "info");
    CHECK_FALSE(config->tls);
  }
}

TEST_CASE("every setting there is") {
  const SourceFile file("allocd.yaml", "allocd.yaml", R"(listen: "[::]:80"
adminListen: localhost:81
rules: [/a, /b]
tls: {certificate: c.pem, key: k.pem, clientCa: ca.pem}
webhook: {path: /api/HttpTrigger1, keyFiles: [/k/new, k/old]}
limits: {bodyBytes: 2048, threads: 8, connections: 16, idleSeconds: 1, requestSeconds: 2}
log: {level: warn, format: json}
adminHosts: [allocd.internal, pod-1]
reload: {watch: false, debounceMillis: 50, pollSeconds: 5, guard: {maxMoved: 5%, sample: 10, minSample: 3}}
decisionLog: {file: d.jsonl, requests: true, whenFull: block, maxBytes: 4096, keep: 2, redact: [payload.pin]}
candidate: [/next]
state: /var/lib/allocd
metrics: {perRule: false}
)");
  Diagnostics diagnostics;
  const auto config = parse_config(file, diagnostics);
  REQUIRE(config);
  CHECK(config->listen == "[::]:80");
  CHECK(config->admin_listen == "localhost:81");
  CHECK(config->rules == std::vector<std::string>{"/a", "/b"});
  CHECK(config->webhook_path == "/api/HttpTrigger1");
  REQUIRE(config->tls);
  CHECK(config->tls->certificate == "c.pem");
  CHECK(config->tls->key == "k.pem");
  CHECK(config->tls->client_ca == "ca.pem");
  CHECK(config->webhook_key_files == std::vector<std::string>{"/k/new", "k/old"});
  CHECK(config->limits.body_bytes == 2048);
  CHECK(config->limits.threads == 8);
  CHECK(config->limits.connections == 16);
  CHECK(config->limits.idle_seconds == 1);
  CHECK(config->limits.request_seconds == 2);
  CHECK(config->log_level == "warn");
  CHECK(config->log_format == "json");
  CHECK(config->admin_hosts == std::vector<std::string>{"allocd.internal", "pod-1"});
  CHECK_FALSE(config->reload.watch);
  CHECK(config->reload.debounce_millis == 50);
  CHECK(config->reload.poll_seconds == 5);
  CHECK_FALSE(config->reload.guard.is_off);
  CHECK(config->reload.guard.max_moved.millionths == 50'000);
  CHECK(config->reload.guard.min_sample == 3);
  CHECK(config->reload.guard_sample == 10);
  CHECK(config->decision_log.file == "d.jsonl");
  CHECK(config->decision_log.requests);
  CHECK(config->decision_log.blocks);
  CHECK(config->decision_log.max_bytes == 4096);
  CHECK(config->decision_log.keep == 2);
  CHECK_FALSE(config->decision_log.redaction.empty());
  CHECK(config->candidate == std::vector<std::string>{"/next"});
  CHECK(config->state == "/var/lib/allocd");
  CHECK_FALSE(config->metrics_per_rule);
}

TEST_CASE("the guard can be off") {
  const SourceFile file("allocd.yaml", "allocd.yaml", "reload: {guard: off}\n");
  Diagnostics diagnostics;
  const auto config = parse_config(file, diagnostics);
  REQUIRE(config);
  CHECK(config->reload.guard.is_off);
}

TEST_CASE("mistakes are reported where they are, all of them") {
  struct Case {
    std::string name;
    std::string text;
    std::string expected;
  };
  const Case cases[] = {
      {"unknown", "relaod: {watch: true}\nstat: /x\n", "1:1 unknown-key\n2:1 unknown-key\n"},
      {"unknown inside", "webhook: {keyFile: [a]}\nlimits: {conections: 1}\nlog: {fromat: auto}\n",
       "1:11 unknown-key\n2:10 unknown-key\n3:7 unknown-key\n"},
      {"types", "listen: 8080\nrules: /a\nlimits: 3\n",
       "1:9 wrong-type\n2:8 wrong-type\n3:9 wrong-type\n"},
      {"range", "limits: {bodyBytes: 0, threads: -1, idleSeconds: 0, requestSeconds: 100000}\n",
       "1:21 out-of-range\n1:33 out-of-range\n1:50 out-of-range\n1:69 out-of-range\n"},
      {"no rules", "rules: []\n", "1:8 empty-list\n"},
      {"no key files", "webhook: {keyFiles: []}\n", "1:21 empty-list\n"},
      {"key files left out", "webhook: {keyFiles: }\n", "1:11 wrong-type\n"},
      {"one key file", "webhook: {keyFiles: /k}\n", "1:21 wrong-type\n"},
      {"what names no key file", "webhook: {keyFiles: [1, {a: b}, /k]}\n",
       "1:22 wrong-type\n1:25 wrong-type\n"},
      {"path", "webhook: {path: allocate}\n", "1:17 bad-path\n"},
      {"path with a query", "webhook: {path: \"/a?code=1\"}\n", "1:17 bad-path\n"},
      {"level", "log: {level: inof}\n", "1:14 unknown-level\n"},
      {"format", "log: {format: jsno}\n", "1:15 unknown-choice\n"},
      {"guard", "reload: {guard: on}\n", "1:17 wrong-type\n"},
      {"guard's share", "reload: {guard: {maxMoved: 20}}\n", "1:28 wrong-type\n"},
      {"guard's percentage", "reload: {guard: {maxMoved: 120%}}\n", "1:28 bad-percentage\n"},
      {"a guard that never looks", "reload: {guard: {sample: 10, minSample: 11}}\n",
       "1:17 out-of-range\n"},
      {"reload", "reload: {watch: yes, debounceMillis: 0, guards: off}\n",
       "1:17 wrong-type\n1:38 out-of-range\n1:41 unknown-key\n"},
      {"decision log", "decisionLog: {file: '', whenFull: wait, maxBytes: 1, redact: [pin, 1]}\n",
       "1:21 empty-text\n1:35 unknown-choice\n1:51 out-of-range\n1:63 unknown-field\n"
       "1:68 wrong-type\n"},
      {"no candidate", "candidate: []\n", "1:12 empty-list\n"},
      {"state", "state: ''\n", "1:8 empty-text\n"},
      {"metrics", "metrics: {perRule: 1}\n", "1:20 wrong-type\n"},
      {"a list", "- listen\n", "1:1 wrong-type\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(mistakes(c.text) == c.expected);
  }
}

TEST_CASE("an empty list of key files says what is missing") {
  const SourceFile file("allocd.yaml", "allocd.yaml", "webhook: {keyFiles: []}\n");
  Diagnostics diagnostics;
  CHECK_FALSE(parse_config(file, diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(render(diagnostics.all()[0]) ==
        "allocd.yaml:1:21: error: `keyFiles` names no file [empty-list]\n"
        "    1 | webhook: {keyFiles: []}\n"
        "      |                     ^~\n");
}
