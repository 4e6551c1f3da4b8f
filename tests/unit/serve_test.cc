// The real program over real sockets: start, answers, and an end that no client can hold up.
#include <optional>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <doctest/doctest.h>

#include "support/certificates.h"
#include "support/daemon.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/tls_client.h"

using namespace allocd::test;

namespace {

// A key file that only its owner may read.
std::string write_key(const TemporaryFolder& folder, const std::string& name,
                      const std::string& text) {
  const std::string path = folder.write(name, text);
  chmod(path.c_str(), 0600);
  return path;
}

}  // namespace

TEST_SUITE("serve") {
  TEST_CASE("answers the tutorial's request, logs the decision, and ends on SIGTERM and SIGINT") {
    for (const int signal : {SIGTERM, SIGINT}) {
      Daemon daemon;
      const auto answer = ask(daemon.webhook, request_text("POST", "/allocate", kToaster));
      REQUIRE(answer);
      CHECK(answer->status == 200);
      CHECK(answer->headers.at("content-type") == "application/json");
      CHECK(answer->body == kToasterAnswer);
      const std::string id = answer->headers.at("x-allocd-decision");
      CHECK(daemon->output_with("decision id=" + id +
                                " registrationId=breakroom499-contoso-tstrsd-007 outcome=allocate "
                                "status=200 rule=toaster-007"));
      CHECK(ask(daemon.webhook, "GET /allocate HTTP/1.1\r\nHost: t\r\n\r\n")->status == 405);
      CHECK(ask(daemon.webhook, request_text("POST", "/other", kToaster))->status == 404);
      CHECK(ask(daemon.webhook, request_text("POST", "/allocate", "{"))->status == 400);
      CHECK(ask(daemon.admin, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")->body == "ok\n");
      CHECK(ask(daemon.admin, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")->status == 200);
      daemon->send_signal(signal);
      CHECK(daemon->exit_code() == 0);
    }
  }

  TEST_CASE("an open connection does not hold up the end") {
    Daemon daemon;
    HttpClient idle(daemon.webhook);
    REQUIRE(idle.send(request_text("POST", "/allocate", kToaster)));
    REQUIRE(idle.read_answer());
    HttpClient silent(daemon.webhook);
    HttpClient admin(daemon.admin);
    REQUIRE(admin.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    REQUIRE(admin.read_answer());
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);  // sooner than an idle connection may live
    CHECK(idle.is_closed());
  }

  TEST_CASE("what is in flight is answered, while readiness says stopping") {
    Daemon daemon;
    const std::string request =
        request_text("POST", "/allocate", kToaster, "Expect: 100-continue\r\n");
    const std::size_t head = request.size() - std::string(kToaster).size();
    HttpClient busy(daemon.webhook);
    REQUIRE(busy.send(request.substr(0, head)));
    REQUIRE(busy.read_answer()->status == 100);  // so the daemon is at it
    HttpClient admin(daemon.admin);
    REQUIRE(admin.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(admin.read_answer()->status == 200);

    daemon->send_signal(SIGTERM);
    REQUIRE(daemon->output_with("stopping on SIGTERM"));
    daemon->send_signal(SIGTERM);  // once more changes nothing
    REQUIRE(admin.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(admin.read_answer()->status == 503);
    REQUIRE(busy.send(request.substr(head)));
    const auto answer = busy.read_answer();
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == kToasterAnswer);
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
    const std::string rules = folder.write("rules.yaml", kToasterRules);
    const std::string empty = folder.write("empty.yaml", "version: 1\n");
    const std::string bad = folder.write("bad.yaml", "version: 1\nrules: [{name: a}]\n");
    const std::string config = folder.write("allocd.cfg", "listen: 127.0.0.1:0\nlistne: x\n");
    const auto keyed = [&](const std::string& name, const std::string& paths) {
      return folder.write(name, "webhook: {keyFiles: [" + paths + "]}\n");
    };
    const std::string good_key = write_key(folder, "good.key", "open+sesame\n");
    const std::string empty_key = write_key(folder, "empty.key", "\n");
    const std::string missing_key = folder.path() + "/missing.key";
    const std::string tls =
        folder.write("tls.yaml", "tls: {certificate: /nowhere/cert.pem, key: /nowhere/key.pem}\n");
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
        {"no certificate", {"--config", tls, "--rules", rules}, "[unreadable-file]"},
        {"bad config", {"--config", config, "--rules", rules}, "unknown-key"},
        {"no key file there",
         {"--config", keyed("1.cfg", good_key + ", " + missing_key), "--rules", rules},
         missing_key + ": error: cannot read the key file: No such file or directory"},
        {"empty key file",
         {"--config", keyed("2.cfg", empty_key + ", " + good_key), "--rules", rules},
         empty_key + ": error: the key file is empty"},
        {"no key files named", {"--config", keyed("3.cfg", ""), "--rules", rules}, "empty-list"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      std::vector<std::string> arguments = {ALLOCD_BINARY, "serve"};
      arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
      Process process(arguments);
      CHECK(process.exit_code() == 78);
      CAPTURE(process.output());
      CHECK(process.output().find(c.said) != std::string::npos);
      CHECK(process.output().find("sesame") == std::string::npos);
    }
  }

  TEST_CASE("with keys in two files either opens the webhook, and no key is ever logged") {
    TemporaryFolder folder;
    const std::string first = write_key(folder, "first", "Open+Sesame/1=\n");
    const std::string second = write_key(folder, "second", "Other-Sesame\r\n");
    const std::string config =
        folder.write("allocd.yaml",
                     "webhook: {keyFiles: [" + first + ", " + second + "]}\nlog: {level: trace}\n");
    Daemon daemon({"--config", config});
    struct Case {
      std::string name;
      std::string target;
      std::string headers;
      int status;
    };
    const Case cases[] = {
        {"escaped", "/allocate?code=Open%2BSesame%2f1%3D", "", 200},
        {"as it is: a plus is a plus", "/allocate?code=Open+Sesame/1=", "", 200},
        {"the other file's", "/allocate?code=Other-Sesame", "", 200},
        {"behind another parameter", "/allocate?x=y&code=Other-Sesame", "", 200},
        {"header", "/allocate", "x-functions-key: Open+Sesame/1=\r\n", 200},
        {"header in other letters", "/allocate", "X-Functions-Key:Other-Sesame\r\n", 200},
        {"none", "/allocate", "", 401},
        {"wrong", "/allocate?code=Wrong-Sesame", "", 401},
        {"wrong header", "/allocate", "x-functions-key: Wrong-Sesame\r\n", 401},
        {"space for plus", "/allocate?code=Open%20Sesame/1=", "", 401},
        {"wrong path", "/other?code=Other-Sesame", "", 404},
        {"not HTTP's letters", "/allocate?code=Other-Sesame\"\x01", "", 400},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      const auto answer = ask(daemon.webhook, request_text("POST", c.target, kToaster, c.headers));
      REQUIRE(answer);
      CHECK(answer->status == c.status);
      CHECK((answer->body == kToasterAnswer) == (c.status == 200));
      CHECK(answer->headers.contains("x-allocd-decision") == (c.status == 200));
      CHECK(answer->body.find("Sesame") == std::string::npos);
      if (c.status == 401) CHECK(answer->headers.at("content-type") == "text/plain");
    }
    CHECK(daemon->output_with("webhook calls refused with 401: 1 without a key"));
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
    CHECK(daemon->output().find("decision id=") != std::string::npos);
    CHECK(daemon->output().find("Sesame") == std::string::npos);
    CHECK(daemon->output().find("exposed-key") == std::string::npos);
  }

  TEST_CASE("an exposed key file is said in the log, and served with") {
    TemporaryFolder folder;
    const std::string key = folder.write("key", "Open-Sesame\n");
    chmod(key.c_str(), 0644);
    const std::string config = folder.write("allocd.yaml", "webhook: {keyFiles: [" + key + "]}\n");
    Daemon daemon({"--config", config});
    const std::string said = "warning " + key + ": every user of this machine may read";
    CHECK_MESSAGE(daemon->output().find(said) != std::string::npos, daemon->output());
    CHECK(
        ask(daemon.webhook, request_text("POST", "/allocate?code=Open-Sesame", kToaster))->status ==
        200);
  }

  TEST_CASE("an open webhook is worth a warning where others can reach it") {
    TemporaryFolder folder;
    const std::string rules = folder.write("rules.yaml", kToasterRules);
    const std::string key = write_key(folder, "key", "Open-Sesame\n");
    const std::string config = folder.write("allocd.yaml", "webhook: {keyFiles: [" + key + "]}\n");
    struct Case {
      std::string name;
      std::vector<std::string> arguments;
      bool warns;
    };
    const Case cases[] = {
        {"every address, no key", {"--listen", "0.0.0.0:0"}, true},
        {"every address, a key", {"--listen", "0.0.0.0:0", "--config", config}, false},
        {"loopback", {"--listen", "127.0.0.1:0"}, false},
        {"localhost", {"--listen", "localhost:0"}, false},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      std::vector<std::string> arguments = {ALLOCD_BINARY, "serve",          "--rules",
                                            rules,         "--admin-listen", "127.0.0.1:0"};
      arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
      Process process(arguments);
      REQUIRE(process.output_with("admin on "));
      process.send_signal(SIGTERM);
      CHECK(process.exit_code() == 0);
      CAPTURE(process.output());
      const std::string warning = "is open to anyone who can reach it";
      const std::size_t first = process.output().find(warning);
      CHECK((first != std::string::npos) == c.warns);
      CHECK(process.output().rfind(warning) == first);  // said once
      CHECK((process.output().find("webhook.keyFiles") != std::string::npos) == c.warns);
    }
  }

  TEST_CASE("a config file says where, how and what") {
    TemporaryFolder folder;
    const std::string config =
        folder.write("allocd.yaml", R"(limits: {bodyBytes: 1024, requestSeconds: 1}
webhook: {path: /api/hook}
)");
    Daemon daemon({"--config", config});
    CHECK(ask(daemon.webhook, request_text("POST", "/api/hook", kToaster))->body == kToasterAnswer);
    CHECK(ask(daemon.webhook, request_text("POST", "/allocate", kToaster))->status == 404);
    CHECK(ask(daemon.webhook, request_text("POST", "/api/hook", std::string(1025, ' ')))->status ==
          413);
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
  }

  TEST_CASE("serves TLS at a socket with a path, as a config file says") {
    const Identity authority = Identity::authority("root");
    const Identity server = authority.issue("server", 3);
    const TemporaryFolder folder;
    const std::string socket = "unix:" + folder.path() + "/webhook.sock";
    const std::string config = folder.write(
        "allocd.yaml", "tls:\n  certificate: " + folder.write("cert.pem", server.certificate()) +
                           "\n  key: " + folder.write("key.pem", server.key()) + "\n");
    Daemon daemon({"--config", config, "--listen", socket});
    CHECK(daemon.webhook == socket);
    CHECK(daemon->output().find("certificate expires in 2 days") != std::string::npos);
    TlsClient client(socket, {.authority = authority.certificate()});
    REQUIRE(client.is_open());
    REQUIRE(client.send(request_text("POST", "/allocate", kToaster)));
    CHECK(client.read_answer()->body == kToasterAnswer);
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
    CHECK(client.is_finished());
  }

  TEST_CASE("SIGHUP takes rules, keys and certificate anew: all of them, or none") {
    const Identity authority = Identity::authority("root");
    const TemporaryFolder folder;
    const auto write_identity = [&](const std::string& name) {
      const Identity identity = authority.issue(name);
      folder.write("cert.pem", identity.certificate());
      folder.write("key.pem", identity.key());
    };
    write_identity("first");
    const std::string key = write_key(folder, "key", "one");
    const std::string config =
        folder.write("allocd.yaml", "reload: {watch: false}\nwebhook: {keyFiles: [" + key +
                                        "]}\ntls: {certificate: " + folder.path() +
                                        "/cert.pem, key: " + folder.path() + "/key.pem}\n");
    Daemon daemon({"--config", config});
    const auto status = [&](const std::string& server, const std::string& code) {
      TlsClient client(daemon.webhook,
                       {.authority = authority.certificate(), .server_name = server});
      if (!client.is_open()) return 0;
      REQUIRE(client.send(request_text("POST", "/allocate?code=" + code, kToaster)));
      return client.read_answer()->status;
    };
    CHECK(status("first", "one") == 200);
    CHECK(status("first", "two") == 401);

    write_identity("second");
    write_key(folder, "key", "two");
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with("reloaded: the rules are unchanged"));
    CHECK(status("first", "one") == 0);
    CHECK(status("second", "one") == 401);
    CHECK(status("second", "two") == 200);

    // Each of these keeps the other two from coming into force.
    struct Case {
      std::string name;
      std::string file;
      std::string text;
      std::string said;
    };
    const Case cases[] = {
        {"no key", "key", "", "[bad-key]"},
        {"no certificate", "cert.pem", "x", "[bad-certificate]"},
        {"no rules", "rules.yaml", "version: 1\nrules: [{name: a}]\n", "rules.yaml:2:"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      write_identity("third");
      write_key(folder, "key", "three");
      daemon.write_rules("rules.yaml", "version: 1\nrules: [{name: a, reject: changed}]\n");
      c.file == "rules.yaml" ? daemon.write_rules(c.file, c.text)
                             : void(folder.write(c.file, c.text));
      daemon->send_signal(SIGHUP);
      REQUIRE(daemon->output_with("not reloaded"));
      CAPTURE(daemon->output());
      CHECK(daemon->output().find(c.said) != std::string::npos);
      CHECK(status("second", "two") == 200);
      daemon->forget_output();
    }
    write_identity("third");
    write_key(folder, "key", "three");
    daemon.write_rules("rules.yaml", "version: 1\nrules: [{name: a, reject: changed}]\n");
    daemon->send_signal(SIGHUP);
    REQUIRE(daemon->output_with("reloaded: 1 rules, revision"));
    CHECK(status("third", "three") == 400);
    daemon->send_signal(SIGTERM);
    CHECK(daemon->exit_code() == 0);
  }
}
