// The webhook's keys: their files, which requests bring one, what is said about the others, and
// when an open webhook is worth a warning.
#include "daemon/webhook_keys.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/key_files.h"
#include "daemon/key_refusals.h"
#include "daemon/local_address.h"
#include "support/process.h"

using namespace allocd;
using test::TemporaryFolder;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

HttpRequest request(const std::string& query, const Headers& headers = {}) {
  return {"POST", "/allocate", query, "{}", headers};
}

std::string name_of(KeyCheck check) {
  switch (check) {
    case KeyCheck::Accepted: return "accepted";
    case KeyCheck::Absent: return "absent";
    case KeyCheck::Wrong: return "wrong";
  }
  return "";
}

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

// A key file that only its owner may read.
std::string write_key(const TemporaryFolder& folder, const std::string& name,
                      const std::string& text) {
  const std::string path = folder.write(name, text);
  chmod(path.c_str(), 0600);
  return path;
}

std::string all_rendered(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out += render(diagnostic);
  return out;
}

}  // namespace

TEST_CASE("which requests bring a right key") {
  const std::string longest(kMaxKeyBytes, 'k');
  const WebhookKeys keys({"ab+/c=", "second key", "%zz", "\xC3\xA9t\xC3\xA9", longest});
  struct Case {
    std::string name;
    std::string query;
    Headers headers;
    std::string expected;
  };
  const Case cases[] = {
      {"nothing", "", {}, "absent"},
      {"escapes", "code=ab%2B%2Fc%3D", {}, "accepted"},
      {"escapes in small letters", "code=ab%2b%2fc%3d", {}, "accepted"},
      {"all escaped", "code=%61%62%2B%2F%63%3D", {}, "accepted"},
      {"no escapes: a plus is a plus", "code=ab+/c=", {}, "accepted"},
      {"a plus is no space", "code=second+key", {}, "wrong"},
      {"a space is %20", "code=second%20key", {}, "accepted"},
      {"beyond ASCII", "code=%C3%A9t%C3%A9", {}, "accepted"},
      {"a broken escape stands for itself", "code=%zz", {}, "accepted"},
      {"and may be escaped", "code=%25zz", {}, "accepted"},
      {"decoded once only", "code=%2525zz", {}, "wrong"},
      {"an escape cut short", "code=%2", {}, "wrong"},
      {"an escape cut shorter", "code=%", {}, "wrong"},
      {"an escaped NUL at the end", "code=ab%2B%2Fc%3D%00", {}, "wrong"},
      {"other parameters", "a=b&code=ab%2B%2Fc%3D&c", {}, "accepted"},
      {"after empty parameters", "&&&code=%zz", {}, "accepted"},
      {"several, one right", "code=x&code=%zz&code=y", {}, "accepted"},
      {"a part of a key", "code=ab%2B%2Fc", {}, "wrong"},
      {"more than a key", "code=ab%2B%2Fc%3D%3D", {}, "wrong"},
      {"other letters", "code=AB%2B%2FC%3D", {}, "wrong"},
      {"white space around it", "code=%20%25zz%20", {}, "wrong"},
      {"two keys as one", "code=ab%2B%2Fc%3Dsecond%20key", {}, "wrong"},
      {"an empty one", "code=", {}, "absent"},
      {"no value", "code", {}, "absent"},
      {"another name", "Code=%zz", {}, "absent"},
      {"another name, in front", "xcode=%zz", {}, "absent"},
      {"another name, behind", "codes=%zz", {}, "absent"},
      {"an escaped name", "c%6Fde=%zz", {}, "absent"},
      {"a semicolon separates nothing", "a=b;code=%zz", {}, "absent"},
      {"the longest", "code=" + longest, {}, "accepted"},
      {"the longest, escaped", "code=" + times(kMaxKeyBytes, "%6b"), {}, "accepted"},
      {"longer than any", "code=" + longest + "k", {}, "wrong"},
      {"a header", "", {{"x-functions-key", "ab+/c="}}, "accepted"},
      {"a header is not decoded", "", {{"x-functions-key", "ab%2B%2Fc%3D"}}, "wrong"},
      {"among other headers", "", {{"host", "t"}, {"x-functions-key", "%zz"}}, "accepted"},
      {"several headers", "", {{"x-functions-key", "x"}, {"x-functions-key", "%zz"}}, "accepted"},
      {"an empty header", "", {{"x-functions-key", ""}}, "absent"},
      {"another header", "", {{"x-functions-keys", "%zz"}, {"code", "%zz"}}, "absent"},
      {"header wrong, query right", "code=%zz", {{"x-functions-key", "x"}}, "accepted"},
      {"query wrong, header right", "code=x", {{"x-functions-key", "%zz"}}, "accepted"},
      {"both wrong", "code=x", {{"x-functions-key", "y"}}, "wrong"},
      {"hidden behind many", times(1000, "code=x&") + "code=%zz", {}, "wrong"},
      {"behind many empty ones", times(1000, "code=&") + "code=%zz", {}, "accepted"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(name_of(keys.check(request(c.query, c.headers))) == c.expected);
  }
}

TEST_CASE("without keys the webhook is open") {
  CHECK(WebhookKeys().is_open());
  CHECK_FALSE(WebhookKeys({"k"}).is_open());
  for (const char* query : {"", "code=x", "code="})
    CHECK(WebhookKeys().check(request(query)) == KeyCheck::Accepted);
}

TEST_CASE("a key file holds one key, with white space around it") {
  const TemporaryFolder folder;
  const char* texts[] = {"k+/=", "k+/=\n", "k+/=\r\n", "\n\n \tk+/= \n\n", "\xEF\xBB\xBFk+/=\r\n"};
  for (const char* text : texts) {
    CAPTURE(text);
    Diagnostics diagnostics;
    const auto keys = load_webhook_keys({write_key(folder, "key", text)}, diagnostics);
    CHECK(all_rendered(diagnostics) == "");
    REQUIRE(keys);
    CHECK(keys->check(request("code=k%2B%2F%3D")) == KeyCheck::Accepted);
    CHECK(keys->check(request("code=k")) == KeyCheck::Wrong);
  }
}

TEST_CASE("every key of every file is right, and inner spaces belong to it") {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  const auto keys =
      load_webhook_keys({write_key(folder, "1", "one\n"), write_key(folder, "2", "two words\n"),
                         write_key(folder, "3", "one\n"), write_key(folder, "4", "four\n")},
                        diagnostics);
  CHECK(all_rendered(diagnostics) == "");
  REQUIRE(keys);
  for (const char* query : {"code=one", "code=two%20words", "code=four"})
    CHECK(keys->check(request(query)) == KeyCheck::Accepted);
  CHECK(keys->check(request("code=three")) == KeyCheck::Wrong);
}

TEST_CASE("no file is no key") {
  Diagnostics diagnostics;
  const auto keys = load_webhook_keys({}, diagnostics);
  REQUIRE(keys);
  CHECK(keys->is_open());
}

TEST_CASE("what is wrong with key files is said, of all of them, without what is in them") {
  const std::string help =
      "      = help: one key a file, on one line; `openssl rand -base64 32` makes one\n";
  struct Case {
    std::string name;
    std::string text;
    std::string said;
  };
  const Case cases[] = {
      {"empty", "", "the key file is empty"},
      {"blank", " \r\n\t\n", "the key file is empty"},
      {"a mark only", "\xEF\xBB\xBF\n", "the key file is empty"},
      {"two lines", "sesame\nsesame\n", "the key file has more than one line"},
      {"two lines of old", "sesame\rsesame", "the key file has more than one line"},
      {"NUL", std::string("ses\0me", 6), "the key has control characters"},
      {"a tab inside", "ses\tme\n", "the key has control characters"},
      {"long", times(kMaxKeyBytes / 6 + 1, "sesame") + "\n", "the key is longer than 1024 bytes"},
  };
  const TemporaryFolder folder;
  const std::string good = write_key(folder, "good", "open\n");
  std::vector<std::string> all_paths = {good};
  std::string all_said;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string path = write_key(folder, c.name, c.text);
    const std::string said = path + ": error: " + c.said + " [bad-key]\n" + help;
    Diagnostics diagnostics;
    CHECK(load_webhook_keys({good, path}, diagnostics) == nullptr);
    CHECK(all_rendered(diagnostics) == said);
    all_paths.push_back(path);
    all_said += said;
  }

  const std::string missing = folder.path() + "/missing";
  all_paths.push_back(missing);
  all_said +=
      missing + ": error: cannot read the key file: No such file or directory [unreadable-file]\n";
  all_paths.push_back(folder.path());
  all_said +=
      folder.path() + ": error: cannot read the key file: not a regular file [unreadable-file]\n";
  Diagnostics diagnostics;
  CHECK(load_webhook_keys(all_paths, diagnostics) == nullptr);
  CHECK(all_rendered(diagnostics) == all_said);
  CHECK(all_rendered(diagnostics).find("sesame") == std::string::npos);
}

TEST_CASE("a key file that others may read is a warning") {
  const TemporaryFolder folder;
  struct Case {
    mode_t mode;
    bool warns;
  };
  for (const Case& c : {Case{0400, false}, Case{0640, false}, Case{0644, true}, Case{0604, true}}) {
    CAPTURE(c.mode);
    const std::string path = folder.write("key", "sesame\n");
    chmod(path.c_str(), c.mode);
    Diagnostics diagnostics;
    CHECK(load_webhook_keys({path}, diagnostics) != nullptr);
    CHECK(all_rendered(diagnostics) ==
          (c.warns
               ? path + ": warning: every user of this machine may read the key file "
                        "[exposed-key]\n      = help: `chmod o-r` it, and use a new key if that "
                        "matters\n"
               : ""));
    std::filesystem::remove(path);
  }
}

TEST_CASE("refused calls are said at once, and then at most every ten seconds") {
  using std::chrono::milliseconds;
  const KeyRefusals::Clock::time_point start{};
  KeyRefusals refusals;
  const auto count = [&](KeyCheck why, int at) {
    return refusals.count(why, start + milliseconds(at)).value_or("-");
  };
  CHECK(count(KeyCheck::Absent, 0) ==
        "webhook calls refused with 401: 1 without a key, 0 with a wrong key");
  CHECK(count(KeyCheck::Wrong, 0) == "-");
  CHECK(count(KeyCheck::Absent, 5000) == "-");
  CHECK(count(KeyCheck::Wrong, 9999) == "-");
  CHECK(count(KeyCheck::Wrong, 10000) ==
        "webhook calls refused with 401 since the last such line: 1 without a key, 3 with a wrong "
        "key");
  CHECK(count(KeyCheck::Absent, 19999) == "-");
  CHECK(count(KeyCheck::Absent, 100000) ==
        "webhook calls refused with 401 since the last such line: 2 without a key, 0 with a wrong "
        "key");
}

TEST_CASE("which addresses only this machine can reach") {
  for (const char* address : {"127.0.0.1:8080", "127.8.9.10:1", "[::1]:8080", "localhost:80",
                              "unix:/run/allocd/webhook.sock"}) {
    CAPTURE(address);
    CHECK(is_local(address));
  }
  for (const char* address : {"0.0.0.0:8080", "[::]:8080", "10.0.0.127:8080", "128.0.0.1:80",
                              "[2001:db8::1]:80", "alloc.example.com:80", "127.example.com:80",
                              "localhost.example.com:80", ":80", "", "unix"}) {
    CAPTURE(address);
    CHECK_FALSE(is_local(address));
  }
}

TEST_SUITE("threads: webhook keys") {
  TEST_CASE("keys may be replaced while requests are checked") {
    const auto both = std::make_shared<const WebhookKeys>(std::vector<std::string>{"old", "new"});
    const auto only_new = std::make_shared<const WebhookKeys>(std::vector<std::string>{"new"});
    WebhookKeyStore store(both);
    std::atomic<int> odd = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i)
      callers.emplace_back([&] {
        for (int j = 0; j < 500; ++j) {
          if (store.snapshot()->check(request("code=new")) != KeyCheck::Accepted) ++odd;
          if (store.snapshot()->check(request("code=none")) != KeyCheck::Wrong) ++odd;
          if (store.snapshot()->check(request("code=old")) == KeyCheck::Absent) ++odd;
        }
      });
    for (int i = 0; i < 500; ++i) store.replace(i % 2 == 0 ? only_new : both);
    for (std::thread& caller : callers) caller.join();
    CHECK(odd.load() == 0);
    store.replace(only_new);
    CHECK(store.snapshot()->check(request("code=old")) == KeyCheck::Wrong);
  }

  TEST_CASE("refusals from several threads are all counted") {
    const KeyRefusals::Clock::time_point start{};
    KeyRefusals refusals;
    REQUIRE(refusals.count(KeyCheck::Wrong, start));
    std::vector<std::thread> callers;
    std::atomic<int> lines = 0;
    for (int i = 0; i < 4; ++i)
      callers.emplace_back([&] {
        for (int j = 0; j < 250; ++j)
          if (refusals.count(KeyCheck::Wrong, start)) ++lines;
      });
    for (std::thread& caller : callers) caller.join();
    CHECK(lines.load() == 0);
    CHECK(refusals.count(KeyCheck::Absent, start + KeyRefusals::kQuiet) ==
          "webhook calls refused with 401 since the last such line: 1 without a key, 1000 with a "
          "wrong key");
  }
}
