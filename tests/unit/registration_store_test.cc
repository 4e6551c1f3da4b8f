// Registrations that outlive the process that took them.
#include "simulator/registration_store.h"

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/process.h"

using namespace allocd;
using test::read_file;
using test::TemporaryFolder;

namespace {

Registration assigned(const std::string& id, const std::string& hub) {
  return {id, "op-" + id, Json{{"registrationId", id}, {"status", "assigned"}},
          HubDevice{hub, id, Json{{"tags", {{"a", 1}}}}}};
}

std::string hub_of(const RegistrationStore& store, const std::string& id) {
  const auto found = store.find(id);
  return found && found->on_hub ? found->on_hub->hub : "";
}

// Why the file at `path` cannot be used.
std::string refusal(const std::string& path) {
  try {
    const RegistrationStore store(path);
  } catch (const StateError& error) {
    return error.message;
  }
  return "";
}

// While it lives, no file may grow beyond so many bytes; writing more fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("registration: text and back") {
  Registration one = assigned("Dev-1", "a.net");
  one.state["payload"] = Json{{"line", "a\nb"}, {"n", 1.5}};
  const std::string text = registration_text(one);
  CHECK(text.find('\n') == std::string::npos);
  const auto back = read_registration(text);
  REQUIRE(back);
  CHECK(back->id == one.id);
  CHECK(back->operation_id == one.operation_id);
  CHECK(back->state == one.state);
  CHECK(back->on_hub == one.on_hub);
  one.on_hub.reset();
  CHECK_FALSE(read_registration(registration_text(one))->on_hub);
  for (
      const char* bad : {
          "",
          "1",
          "[]",
          "{}",
          R"({"registrationId":"a"})",
          R"({"registrationId":"a","operationId":"o","registrationState":1})",
          R"({"registrationId":"a","operationId":"o","registrationState":{"status":1}})",
          R"({"registrationId":1,"operationId":"o","registrationState":{"status":"failed"}})",
          R"({"registrationId":"a","operationId":"o","registrationState":{"status":"x"},"onHub":1})",
          R"({"registrationId":"a","operationId":"o","registrationState":{"status":"x"},)"
          R"("onHub":{"hub":"h","deviceId":"d"}})",
      }) {
    CAPTURE(bad);
    CHECK_FALSE(read_registration(bad));
  }
}

TEST_CASE("registrations in memory: the last one counts, letters in any case") {
  RegistrationStore store;
  CHECK_FALSE(store.find("dev-1"));
  store.put(assigned("Dev-1", "a.net"));
  store.put(assigned("dev-2", "a.net"));
  store.put(assigned("DEV-1", "b.net"));
  CHECK(hub_of(store, "dev-1") == "b.net");
  CHECK(store.find("dev-1")->id == "DEV-1");
  REQUIRE(store.all().size() == 2);
  CHECK(store.all()[1].id == "dev-2");
}

TEST_CASE("registrations in a file: found again by the next one") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state.jsonl";
  {
    RegistrationStore store(path);
    store.put(assigned("dev-1", "a.net"));
    store.put(assigned("dev-1", "b.net"));
    store.put(assigned("dev-2", "a.net"));
  }
  struct stat what {};
  REQUIRE(stat(path.c_str(), &what) == 0);
  CHECK((what.st_mode & 0777) == 0600);
  const RegistrationStore store(path);
  CHECK(store.all().size() == 2);
  CHECK(hub_of(store, "dev-1") == "b.net");
  CHECK(store.find("dev-2")->on_hub == assigned("dev-2", "a.net").on_hub);
}

TEST_CASE("registrations in a file: what is left of a line is taken away") {
  const TemporaryFolder folder;
  const std::string whole = registration_text(assigned("dev-1", "a.net")) + "\n";
  const std::string next = registration_text(assigned("dev-2", "a.net")) + "\n";
  for (std::size_t cut = 1; cut < next.size(); cut += 7) {
    const std::string path = folder.write("state.jsonl", whole + next.substr(0, cut));
    {
      RegistrationStore store(path);
      CHECK(store.all().size() == 1);
      store.put(assigned("dev-3", "b.net"));
    }
    CHECK(read_file(path) == whole + registration_text(assigned("dev-3", "b.net")) + "\n");
  }
}

TEST_CASE("registrations in a file: one that is too long is written anew") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state.jsonl";
  std::string text;
  for (int i = 0; i < 1500; ++i)
    text += registration_text(assigned("dev-1", i % 2 == 0 ? "a.net" : "b.net")) + "\n";
  folder.write("state.jsonl", text);
  folder.write("state.jsonl.new", "of one who died");
  {
    RegistrationStore store(path);
    CHECK(read_file(path) == registration_text(assigned("dev-1", "b.net")) + "\n");
    CHECK(refusal(path).ends_with("another process uses it"));  // the new file, too
    store.put(assigned("dev-2", "a.net"));
  }
  CHECK(RegistrationStore(path).all().size() == 2);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("registrations in a file: files of no use") {
  const TemporaryFolder folder;
  const std::string head = "the state `";
  const std::string good = registration_text(assigned("dev-1", "a.net")) + "\n";
  std::string path = folder.write("bad.jsonl", good + "idScope: no\n" + good);
  CHECK(refusal(path) == head + path + "` cannot be used: line 2 is no registration");
  CHECK(read_file(path) == good + "idScope: no\n" + good);  // left as it is
  CHECK(refusal(folder.path()) == head + folder.path() + "` cannot be used: Is a directory");
  CHECK(refusal("/dev/null") == head + "/dev/null` cannot be used: it is no regular file");
  CHECK(refusal(folder.path() + "/no/such") ==
        head + folder.path() + "/no/such` cannot be used: No such file or directory");
  path = folder.write("used.jsonl", "");
  const RegistrationStore other(path);
  CHECK(refusal(path) == head + path + "` cannot be used: another process uses it");
}

TEST_CASE("registrations in a file: what cannot be written has not happened") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state.jsonl";
  RegistrationStore store(path);
  store.put(assigned("dev-1", "a.net"));
  const std::string before = read_file(path);
  {
    const FileSizeLimit limit(before.size() + 10);
    CHECK_THROWS_AS(store.put(assigned("dev-1", "b.net")), std::system_error);
  }
  CHECK(read_file(path) == before);
  CHECK(hub_of(store, "dev-1") == "a.net");
  store.put(assigned("dev-1", "b.net"));
  CHECK(hub_of(store, "dev-1") == "b.net");
}

TEST_SUITE("threads: registrations") {
  TEST_CASE("put from several threads, each is kept whole") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/state.jsonl";
    {
      RegistrationStore store(path);
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([&store, t] {
          for (int i = 0; i < 50; ++i) {
            store.put(assigned("dev-" + std::to_string(t) + "-" + std::to_string(i), "a.net"));
            store.find("dev-0-0");
          }
        });
      for (std::thread& thread : threads) thread.join();
    }
    CHECK(RegistrationStore(path).all().size() == 200);
  }
}
