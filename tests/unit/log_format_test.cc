// Lines of the log: plain, JSON, and what the journal gets.
#include "daemon/log_format.h"

#include <cstdio>
#include <cstdlib>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "daemon/log.h"

using namespace allocd;

namespace {

std::string json_of(std::string_view message, const LogFields& fields) {
  using namespace std::chrono;
  return json_line(system_clock::time_point(milliseconds(1'700'000'000'007)), spdlog::level::warn,
                   message, fields);
}

// What a child that runs `act` writes to stderr, with spdlog left as it is here.
template <typename Act>
std::string stderr_of(Act act) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    act();
    flush_log();
    _exit(0);
  }
  close(ends[1]);
  std::string out;
  char part[4096];
  for (ssize_t got = 0; (got = read(ends[0], part, sizeof part)) > 0;)
    out.append(part, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  return out;
}

const LogFields kDecision = {
    {"id", "0123"}, {"registrationId", "toaster-1"}, {"outcome", "reject"}, {"status", 400},
    {"rule", {}},   {"reason", LogText{"nope"}},
};

}  // namespace

TEST_CASE("plain, JSON and journal tell the same") {
  struct Case {
    std::string name;
    LogFields fields;
    std::string plain, json, journal;
  };
  const Case cases[] = {
      {"nothing", {{"rule", {}}}, "rule=-", R"("rule":null)", ""},
      {"a number", {{"status", 400}}, "status=400", R"("status":400)", "ALLOCD_STATUS=400"},
      {"a word",
       {{"rule", "a-b.c_d:e@f"}},
       "rule=a-b.c_d:e@f",
       R"("rule":"a-b.c_d:e@f")",
       "ALLOCD_RULE=a-b.c_d:e@f"},
      {"a sentence of one word",
       {{"reason", LogText{"no"}}},
       R"(reason="no")",
       R"("reason":"no")",
       "ALLOCD_REASON=no"},
      {"empty", {{"rule", ""}}, R"(rule="")", R"("rule":"")", "ALLOCD_RULE="},
      {"the sign for nothing", {{"rule", "-"}}, R"(rule="-")", R"("rule":"-")", "ALLOCD_RULE=-"},
      {"a name of two words",
       {{"registrationId", "x"}},
       "registrationId=x",
       R"("registrationId":"x")",
       "ALLOCD_REGISTRATION_ID=x"},
      {"the id of the event", {{"id", "7"}}, "id=7", R"("id":"7")", "ALLOCD_DECISION=7"},
      {"a forged line",
       {{"rule", "x\nPRIORITY=0"}},
       R"(rule="x\nPRIORITY=0")",
       R"("rule":"x\\nPRIORITY=0")",
       R"(ALLOCD_RULE=x\nPRIORITY=0)"},
      {"quotes",
       {{"rule", "x\" status=200 \\"}},
       R"(rule="x\" status=200 \\")",
       R"("rule":"x\" status=200 \\")",
       R"(ALLOCD_RULE=x" status=200 \)"},
      {"what drives a terminal",
       {{"rule", "\x1b[2J"}},
       R"(rule="\x1b[2J")",
       R"("rule":"\\x1b[2J")",
       R"(ALLOCD_RULE=\x1b[2J)"},
      {"broken UTF-8",
       {{"rule", "\xff\xc3"}},
       R"(rule="\xff\xc3")",
       R"("rule":"\\xff\\xc3")",
       R"(ALLOCD_RULE=\xff\xc3)"},
      {"an umlaut", {{"rule", "ü"}}, R"(rule="ü")", R"("rule":"ü")", "ALLOCD_RULE=ü"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(plain_line("decision", c.fields) == "decision " + c.plain);
    CHECK(json_of("decision", c.fields) ==
          R"({"time":"2023-11-14T22:13:20.007Z","level":"warning","message":"decision",)" + c.json +
              "}");
    std::vector<std::string> expected = {"MESSAGE=decision " + c.plain, "PRIORITY=4",
                                         "SYSLOG_IDENTIFIER=allocd"};
    if (!c.journal.empty()) expected.push_back(c.journal);
    CHECK(journal_fields(spdlog::level::warn, "decision", c.fields) == expected);
  }
}

TEST_CASE("a message is one harmless line, too") {
  const std::string message = "a\nb\x1b\xff";
  CHECK(plain_line(message, {}) == R"(a\nb\x1b\xff)");
  CHECK(nlohmann::json::parse(json_of(message, {}))["message"] == R"(a\nb\x1b\xff)");
  CHECK(journal_fields(spdlog::level::info, message, {})[0] == R"(MESSAGE=a\nb\x1b\xff)");
}

TEST_CASE("long values are cut, and stay in their quotes") {
  const LogFields fields = {{"rule", std::string(100'000, '\\')}, {"hub", "h"}};
  CHECK(plain_line("m", fields).size() < 600);
  CHECK(plain_line("m", fields).ends_with("\\\\…\" hub=h"));
  CHECK(nlohmann::json::parse(json_of("m", fields))["rule"].get<std::string>().size() < 600);
  CHECK(journal_fields(spdlog::level::info, "m", fields)[3].size() < 600);
  CHECK(plain_line(std::string(100'000, 'x'), {}).size() < 9000);
}

TEST_CASE("a plain decision looks as it always did") {
  const LogFields fields = {{"id", "0123"},
                            {"registrationId", "a \"b\""},
                            {"outcome", "reject"},
                            {"status", 400},
                            {"rule", {}},
                            {"hub", {}},
                            {"reason", LogText{"nope"}},
                            {"micros", 12}};
  CHECK(plain_line("decision", fields) ==
        "decision id=0123 registrationId=\"a \\\"b\\\"\" outcome=reject status=400 rule=- hub=- "
        "reason=\"nope\" micros=12");
}

TEST_CASE("levels have syslog's priorities") {
  const std::pair<spdlog::level::level_enum, const char*> cases[] = {
      {spdlog::level::trace, "7"}, {spdlog::level::debug, "7"}, {spdlog::level::info, "6"},
      {spdlog::level::warn, "4"},  {spdlog::level::err, "3"},   {spdlog::level::critical, "2"},
  };
  for (const auto& [level, priority] : cases)
    CHECK(journal_fields(level, "m", {})[1] == "PRIORITY=" + std::string(priority));
}

TEST_CASE("names of formats") {
  CHECK(log_format_of("auto") == LogFormat::Auto);
  CHECK(log_format_of("plain") == LogFormat::Plain);
  CHECK(log_format_of("json") == LogFormat::JsonLines);
  CHECK(log_format_of("journal") == LogFormat::Journal);
  CHECK(log_format_of("JSON") == std::nullopt);
}

TEST_CASE("the journal is where JOURNAL_STREAM names this very stream") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  struct stat status {};
  fstat(ends[0], &status);
  const std::string device = std::to_string(status.st_dev), inode = std::to_string(status.st_ino);
  CHECK(is_journal(ends[0], (device + ":" + inode).c_str()));
  CHECK_FALSE(is_journal(ends[0], (device + ":" + inode + "0").c_str()));
  CHECK_FALSE(is_journal(ends[0], ""));
  CHECK_FALSE(is_journal(ends[0], nullptr));
  close(ends[0]);
  CHECK_FALSE(is_journal(ends[0], (device + ":" + inode).c_str()));
  close(ends[1]);
}

TEST_CASE("plain lines on stderr have time and level, those below the level are left out") {
  const std::string said = stderr_of([] {
    log_to_stderr("info", LogFormat::Plain);
    spdlog::debug("not this");
    spdlog::warn("this");
    log_event(spdlog::level::debug, "nor this", {});
    log_event(spdlog::level::info, "decision", kDecision);
  });
  CAPTURE(said);
  const std::size_t end = said.find('\n');
  CHECK(said.substr(29, end - 29) == " warning this");
  CHECK(said.substr(end + 30) ==
        " info decision id=0123 registrationId=toaster-1 outcome=reject status=400 rule=- "
        "reason=\"nope\"\n");
}

TEST_CASE("JSON lines on stderr, of spdlog's messages too") {
  const std::string said = stderr_of([] {
    log_to_stderr("info", LogFormat::JsonLines);
    spdlog::error("a \"mistake\"");
    log_event(spdlog::level::info, "decision", kDecision);
  });
  CAPTURE(said);
  const std::size_t end = said.find('\n');
  const auto first = nlohmann::json::parse(said.substr(0, end));
  CHECK(first["level"] == "error");
  CHECK(first["message"] == "a \"mistake\"");
  const auto second = nlohmann::json::parse(said.substr(end + 1));
  CHECK(second["registrationId"] == "toaster-1");
  CHECK(second["status"] == 400);
  CHECK(second["rule"].is_null());
}

TEST_CASE("a logger that is not ours gets the plain line") {
  const auto before = spdlog::default_logger();
  std::ostringstream text;
  auto logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  logger->set_pattern("%l %v");
  spdlog::set_default_logger(logger);
  log_event(spdlog::level::info, "decision", {{"id", "7"}, {"reason", LogText{"{} x"}}});
  spdlog::set_default_logger(before);
  CHECK(text.str() == "info decision id=7 reason=\"{} x\"\n");
}

TEST_CASE("a stderr that takes nothing is borne") {
  CHECK(stderr_of([] {
          log_to_stderr("info", LogFormat::Plain);
          close(STDERR_FILENO);
          spdlog::info("into nowhere");
          log_event(spdlog::level::info, "decision", kDecision);
        }).empty());
}

// In a namespace of its own the child is the journal, too.
TEST_CASE("the journal gets fields") {
  const std::string heard = stderr_of([] {
    const auto own = [](int flags) { return unshare(flags) == 0; };
    if ((!own(CLONE_NEWNS) && !own(CLONE_NEWUSER | CLONE_NEWNS)) ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", "/run", "tmpfs", 0, nullptr) != 0) {
      std::fputs("no namespaces", stderr);
      return;
    }
    log_to_stderr("info", LogFormat::Journal);  // nobody there yet: says so, on stderr
    flush_log();
    mkdir("/run/systemd", 0755);
    mkdir("/run/systemd/journal", 0755);
    const int journal = socket(AF_UNIX, SOCK_DGRAM, 0);
    const sockaddr_un address = {AF_UNIX, "/run/systemd/journal/socket"};
    bind(journal, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    log_to_stderr("info", LogFormat::Journal);
    log_event(spdlog::level::warn, "decision", kDecision);
    spdlog::info("plain words");
    flush_log();
    for (int i = 0; i < 2; ++i) {
      char datagram[4096];
      const ssize_t size = recv(journal, datagram, sizeof datagram, MSG_DONTWAIT);
      if (size < 0) return;
      [[maybe_unused]] const ssize_t told =
          write(STDERR_FILENO, datagram, static_cast<std::size_t>(size));
    }
  });
  if (heard == "no namespaces") {
    MESSAGE("not tried: no namespaces to be had here");
    return;
  }
  CHECK(heard.substr(29) ==
        " warning the journal cannot be reached at `/run/systemd/journal/socket`; logging plain "
        "lines to stderr\n"
        "MESSAGE=decision id=0123 registrationId=toaster-1 outcome=reject status=400 rule=- "
        "reason=\"nope\"\n"
        "PRIORITY=4\nSYSLOG_IDENTIFIER=allocd\nALLOCD_DECISION=0123\n"
        "ALLOCD_REGISTRATION_ID=toaster-1\nALLOCD_OUTCOME=reject\nALLOCD_STATUS=400\n"
        "ALLOCD_REASON=nope\n"
        "MESSAGE=plain words\nPRIORITY=6\nSYSLOG_IDENTIFIER=allocd\n");
}
