// Every way in which people and programs change rules on disk is noticed: real files, real inotify.
#include "daemon/rule_watch.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "rulefile/load_rules.h"
#include "support/process.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::TemporaryFolder;

constexpr auto kLong = 20s;  // for what must come
constexpr auto kDebounce = 50ms;

std::string rules(int version) {
  return "rules: [{name: v" + std::to_string(version) + ", reject: x}]\n";
}
std::string rules_with(const std::string& table) {
  return "lookups: {t: {table: " + table +
         ", key: registrationId}}\nrules: [{name: a, match: {t.v: {exists: true}}, reject: x}]\n";
}
std::string table(int version) { return "id,v\na," + std::to_string(version) + "\n"; }

class Folder {
 public:
  std::string operator()(const std::string& name = "") const {
    return name.empty() ? folder_.path() : folder_.path() + "/" + name;
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path((*this)(name)).parent_path());
    folder_.write(name, text);
  }
  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, (*this)(name));
  }
  void rename(const std::string& from, const std::string& to) const {
    fs::rename((*this)(from), (*this)(to));
  }
  void remove(const std::string& name) const { fs::remove_all((*this)(name)); }

 private:
  TemporaryFolder folder_;
};

// A watch with what it called for.
class Watched {
 public:
  explicit Watched(std::vector<std::string> paths, RuleWatchSettings settings = {kDebounce, 1h})
      : paths_(std::move(paths)),
        watch_(
            settings, paths_, [this] { note([this] { ++changes_; }); },
            [this](const std::string& why) { note([&] { troubles_.push_back(why); }); }) {}

  // As a reload does it; says the revision.
  std::string load() {
    LoadedRules loaded = load_rules(paths_);
    watch_.update(loaded.tables, loaded.revision);
    return loaded.revision;
  }
  RuleWatch& operator*() { return watch_; }

  bool changes_come_to(int count, Clock::duration within = kLong) {
    std::unique_lock lock(mutex_);
    return woken_.wait_for(lock, within, [&] { return changes_ >= count; });
  }
  bool has_trouble() {
    std::unique_lock lock(mutex_);
    return woken_.wait_for(lock, kLong, [&] { return !troubles_.empty(); });
  }
  int changes() {
    const std::lock_guard lock(mutex_);
    return changes_;
  }
  std::vector<std::string> troubles() {
    const std::lock_guard lock(mutex_);
    return troubles_;
  }

 private:
  void note(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    woken_.notify_all();
  }

  std::vector<std::string> paths_;
  std::mutex mutex_;
  std::condition_variable woken_;
  int changes_ = 0;
  std::vector<std::string> troubles_;
  RuleWatch watch_;
};

// A way of changing rules; `change` is called with 2, 3, ... on what was arranged with 1.
struct Way {
  std::string name;
  std::string path;  // in the folder
  std::function<void(const Folder&)> arrange;
  std::function<void(const Folder&, int)> change;
};

void map_config(const Folder& in, int version) {
  const std::string data = "rules/..data_" + std::to_string(version);
  in.write(data + "/a.yaml", rules(version));
  in.remove("rules/..data_tmp");
  in.link("..data_" + std::to_string(version), "rules/..data_tmp");
  in.rename("rules/..data_tmp", "rules/..data");
  in.remove("rules/..data_" + std::to_string(version - 1));
}

const Way kWays[] = {
    {"written in place", "rules", [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) { in.write("rules/a.yaml", rules(v)); }},
    {"a single file, written in place", "rules/a", [](auto& in) { in.write("rules/a", rules(1)); },
     [](auto& in, int v) { in.write("rules/a", rules(v)); }},
    {"renamed over", "rules", [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.write("rules/.a.yaml.swp", rules(v));
       in.rename("rules/.a.yaml.swp", "rules/a.yaml");
     }},
    {"a single file, renamed over", "a.yaml", [](auto& in) { in.write("a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.write("new", rules(v));
       in.rename("new", "a.yaml");
     }},
    {"moved to a backup, written anew", "rules",
     [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.rename("rules/a.yaml", "rules/a.yaml~");
       in.write("rules/a.yaml", rules(v));
     }},
    {"removed, and there again", "rules", [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       if (v % 2 == 0)
         in.remove("rules/a.yaml");
       else
         in.write("rules/a.yaml", rules(v));
     }},
    {"Kubernetes' ..data", "rules",
     [](auto& in) {
       map_config(in, 1);
       in.link("..data/a.yaml", "rules/a.yaml");
     },
     map_config},
    {"a file below Kubernetes' ..data", "rules/a.yaml",
     [](auto& in) {
       map_config(in, 1);
       in.link("..data/a.yaml", "rules/a.yaml");
     },
     map_config},
    {"the path is a link that is swapped", "current",
     [](auto& in) {
       in.write("releases/1/a.yaml", rules(1));
       in.link("releases/1", "current");
     },
     [](auto& in, int v) {
       in.write("releases/" + std::to_string(v) + "/a.yaml", rules(v));
       in.link("releases/" + std::to_string(v), "new");
       in.rename("new", "current");
     }},
    {"a link on the way is swapped", "current/etc/rules",
     [](auto& in) {
       in.write("releases/1/etc/rules/a.yaml", rules(1));
       in.link(in("releases/1"), "current");
     },
     [](auto& in, int v) {
       in.write("releases/" + std::to_string(v) + "/etc/rules/a.yaml", rules(v));
       in.link(in("releases/" + std::to_string(v)), "new");
       in.rename("new", "current");
     }},
    {"behind a link, written in place", "current",
     [](auto& in) {
       in.write("far/away/a.yaml", rules(1));
       in.link("far", "one");
       in.link("one/away", "current");
     },
     [](auto& in, int v) { in.write("far/away/a.yaml", rules(v)); }},
    {"a file that is a link to a file elsewhere", "rules",
     [](auto& in) {
       in.write("far/x", rules(1));
       in.write("rules/b.yaml", rules(0));
       in.link("../far/x", "rules/a.yaml");
     },
     [](auto& in, int v) { in.write("far/x", rules(v)); }},
    {"a folder that is a link to one elsewhere", "rules",
     [](auto& in) {
       in.write("rules/b.yaml", rules(0));
       in.write("far/a.yaml", rules(1));
       in.link("../far", "rules/sub");
     },
     [](auto& in, int v) { in.write("far/a.yaml", rules(v)); }},
    {"a link that leads somewhere at last", "rules",
     [](auto& in) {
       in.write("rules/b.yaml", rules(0));
       in.link("../far", "rules/sub");
     },
     [](auto& in, int v) { in.write("far/" + std::to_string(v) + ".yaml", rules(v)); }},
    {"the folder removed and made again", "rules",
     [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.remove("rules");
       in.write("rules/a.yaml", rules(v));
     }},
    {"the folder moved away, another in its place", "rules",
     [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.write("new/a.yaml", rules(v));
       in.rename("rules", "old" + std::to_string(v));
       in.rename("new", "rules");
     }},
    {"a folder above moved away, another in its place", "a/b/rules",
     [](auto& in) { in.write("a/b/rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.write("new/b/rules/a.yaml", rules(v));
       in.rename("a", "old" + std::to_string(v));
       in.rename("new", "a");
     }},
    {"not there yet, nor the folders above", "a/b/rules", [](auto&) {},
     [](auto& in, int v) { in.write("a/b/rules/a.yaml", rules(v)); }},
    {"a file in a new sub-folder", "rules", [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) { in.write("rules/" + std::to_string(v) + "/deep/er/b.yaml", rules(v)); }},
    {"a sub-folder moved in", "rules", [](auto& in) { in.write("rules/a.yaml", rules(1)); },
     [](auto& in, int v) {
       in.write("new/b.yaml", rules(v));
       in.rename("new", "rules/" + std::to_string(v));
     }},
    {"a table written in place", "rules",
     [](auto& in) {
       in.write("rules/a.yaml", rules_with("tables/t.csv"));
       in.write("rules/tables/t.csv", table(1));
     },
     [](auto& in, int v) { in.write("rules/tables/t.csv", table(v)); }},
    {"a table elsewhere, renamed over", "rules",
     [](auto& in) {
       in.write("rules/a.yaml", rules_with("../data/.t.csv"));
       in.write("data/.t.csv", table(1));
     },
     [](auto& in, int v) {
       in.write("data/new", table(v));
       in.rename("data/new", "data/.t.csv");
     }},
    {"a table behind a link that is swapped", "rules",
     [](auto& in) {
       in.write("rules/a.yaml", rules_with("t.csv"));
       in.write("data/1", table(1));
       in.link("../data/1", "rules/t.csv");
     },
     [](auto& in, int v) {
       in.write("data/" + std::to_string(v), table(v));
       in.link("../data/" + std::to_string(v), "rules/new");
       in.rename("rules/new", "rules/t.csv");
     }},
    {"a table that is missing", "rules",
     [](auto& in) { in.write("rules/a.yaml", rules_with("../later/on/t.csv")); },
     [](auto& in, int v) { in.write("later/on/t.csv", table(v)); }},
    {"a link that leads to itself, beside", "rules",
     [](auto& in) {
       in.write("rules/a.yaml", rules(1));
       in.link("loop", "rules/loop");
       in.link("..", "rules/up");
       in.link("loop.yaml", "rules/loop.yaml");
     },
     [](auto& in, int v) { in.write("rules/a.yaml", rules(v)); }},
};

}  // namespace

TEST_SUITE("threads: rule watch") {
  TEST_CASE("rule watch: each way of changing rules is heard, again and again") {
    for (const Way& way : kWays) {
      CAPTURE(way.name);
      const Folder folder;
      way.arrange(folder);
      Watched watched({folder(way.path)});
      std::string revision = watched.load();
      for (int version = 2; version < 6; ++version) {
        CAPTURE(version);
        const int before = watched.changes();
        way.change(folder, version);
        REQUIRE(watched.changes_come_to(before + 1));
        const std::string now = watched.load();
        CHECK(now != revision);
        revision = now;
      }
      CHECK(watched.troubles().empty());
    }
  }

  TEST_CASE("rule watch: without inotify the poll sees the same changes, and that is said once") {
    for (const Way& way : kWays) {
      CAPTURE(way.name);
      const Folder folder;
      way.arrange(folder);
      Watched watched({folder(way.path)}, {10ms, 20ms, 0});
      watched.load();
      for (int version = 2; version < 5; ++version) {
        const int before = watched.changes();
        way.change(folder, version);
        REQUIRE(watched.changes_come_to(before + 1));
        watched.load();
      }
      CHECK(watched.troubles() ==
            std::vector<std::string>{"no inotify watches left; changes are seen within 20 ms"});
    }
  }

  // Run by the next one, in a process of its own that may have two watches.
  constexpr const char* kWithTwoWatches = "rule watch: with two inotify watches";
  TEST_CASE(kWithTwoWatches * doctest::skip()) {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    Watched watched({folder("rules")}, {10ms, 1000ms});
    watched.load();
    REQUIRE(watched.has_trouble());
    folder.write("rules/a.yaml", rules(2));
    CHECK(watched.changes_come_to(1));
    CHECK(watched.troubles() ==
          std::vector<std::string>{"no inotify watches left; changes are seen within 1 s"});
  }

  // A user namespace has limits of its own, which its owner may lower.
  TEST_CASE("rule watch: a system that has no inotify watches left") {
    test::Process alone({"/usr/bin/env", "unshare", "--user", "--map-root-user", "sh", "-euc",
                         "echo 2 >/proc/sys/user/max_inotify_watches\n"
                         "echo lowered\n"
                         "exec \"$@\"",
                         "sh", fs::read_symlink("/proc/self/exe"), "--no-skip",
                         "--test-case=" + std::string(kWithTwoWatches)});
    if (!alone.output_with("lowered")) {
      MESSAGE("no user namespaces here: not tried");
      return;
    }
    const std::optional<int> code = alone.exit_code();
    CAPTURE(alone.output());
    CHECK(code == 0);
    CHECK(alone.output().find(" 1 passed") != std::string::npos);
  }

  TEST_CASE("rule watch: nothing fires that changes nothing") {
    const Folder folder;
    folder.write("rules/a.yaml", rules_with("tables/t.csv"));
    folder.write("rules/tables/t.csv", table(1));
    Watched watched({folder("rules")});
    watched.load();
    folder.write("rules/a.yaml", rules_with("tables/t.csv"));  // the same again
    fs::last_write_time(folder("rules/a.yaml"), fs::file_time_type::clock::now());
    folder.write("rules/new.csv", "");
    folder.write("rules/a.test.yaml", "tests: []\n");
    folder.write("rules/tables/other.csv", "id\n");
    folder.rename("rules", "other");
    folder.rename("other", "rules");
    CHECK_FALSE(watched.changes_come_to(1, 10 * kDebounce));
    // And it hears as before.
    folder.write("rules/tables/t.csv", table(2));
    CHECK(watched.changes_come_to(1));
  }

  TEST_CASE("rule watch: what was tried once is not tried again until it changes") {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    Watched watched({folder("rules")}, {kDebounce, 20ms});
    watched.load();
    folder.write("rules/a.yaml", "rules: [");
    REQUIRE(watched.changes_come_to(1));
    CHECK_FALSE(watched.changes_come_to(2, 10 * kDebounce));  // not even looked at
    watched.load();
    CHECK_FALSE(watched.changes_come_to(2, 10 * kDebounce));
    folder.write("rules/a.yaml", rules(1));
    CHECK(watched.changes_come_to(2));
  }

  TEST_CASE("rule watch: what changed between a load and the word of it is noticed") {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    const LoadedRules loaded = load_rules({folder("rules")});
    folder.write("rules/a.yaml", rules(2));
    Watched watched({folder("rules")});
    (*watched).update(loaded.tables, loaded.revision);
    CHECK(watched.changes_come_to(1));
  }

  TEST_CASE("rule watch: nothing fires before the first load is told") {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    Watched watched({folder("rules")}, {10ms, 10ms});
    folder.write("rules/a.yaml", rules(2));
    CHECK_FALSE(watched.changes_come_to(1, 200ms));
  }

  TEST_CASE("rule watch: waits until nothing has changed for the debounce time") {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    Watched watched({folder("rules")}, {500ms, 1h});
    watched.load();
    const auto begin = Clock::now();
    folder.write("rules/a.yaml", "rules: [{name: ");
    folder.write("rules/a.yaml", rules(2));
    folder.write("rules/b.yaml", "rules: [{name: b, reject: x}]\n");
    REQUIRE(watched.changes_come_to(1));
    CHECK(Clock::now() - begin >= 500ms);
    const std::string revision = watched.load();
    CHECK(revision == load_rules({folder("rules")}).revision);
    CHECK(load_rules({folder("rules")}).rule_count == 2);
    CHECK_FALSE(watched.changes_come_to(2, 700ms));
  }

  TEST_CASE("rule watch: does not wait for ever for one who never stops writing") {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    Watched watched({folder("rules")}, {200ms, 1h});
    watched.load();
    std::atomic<bool> writing = true;
    std::thread writer([&] {
      for (int version = 2; writing; ++version) {
        folder.write("rules/a.yaml", rules(version));
        std::this_thread::sleep_for(5ms);
      }
    });
    CHECK(watched.changes_come_to(1));  // while it goes on
    writing = false;
    writer.join();
  }

  TEST_CASE("rule watch: a load from within the call, and an end in the middle of one") {
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    std::atomic<int> loads = 0;
    RuleWatch* watch = nullptr;
    const auto load = [&] {
      const LoadedRules loaded = load_rules({folder("rules")});
      watch->update(loaded.tables, loaded.revision);
      ++loads;
      loads.notify_all();
    };
    {
      RuleWatch made({10ms, 1h}, {folder("rules")}, load, [](const std::string&) {});
      watch = &made;
      load();
      for (int version = 2; version < 5; ++version) {
        folder.write("rules/a.yaml", rules(version));
        loads.wait(version - 1);
      }
      folder.write("rules/a.yaml", rules(9));
    }
    CHECK(loads >= 4);
  }
}

TEST_CASE("rule folders: hear of what may matter, and of nothing else") {
  struct Case {
    std::string name;
    std::string file;
    bool counts;
  };
  const Case cases[] = {
      {"a rule file", "rules/a.yaml", true},
      {"a new rule file", "rules/sub/new.yml", true},
      {"a table", "data/t.csv", true},
      {"a file beside a table", "data/u.csv", false},
      {"a file beside the rules' folder", "beside", false},
      {"an editor's swap file", "rules/.a.yaml.swp", false},
      {"an editor's backup", "rules/a.yaml~", false},
      {"a hidden folder", "rules/.git/x.yaml", false},
      {"in a folder of tables", "rules/tables/x.yaml", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Folder folder;
    folder.write("rules/a.yaml", rules(1));
    folder.write("rules/sub/b.yaml", rules(2));
    folder.write("rules/tables/t.csv", "");
    folder.write("data/t.csv", "");
    RuleFolders folders(100);
    REQUIRE(folders.renew({folder("rules")}, {folder("data/t.csv")}));
    CHECK_FALSE(folders.heard());
    folder.write(c.file, "another text\n");
    CHECK(folders.heard() == c.counts);
    CHECK_FALSE(folders.heard());
  }
}

TEST_CASE("rule folders: events that were lost count as a change") {
  const Folder folder;
  folder.write("rules/a.yaml", rules(1));
  RuleFolders folders(100);
  REQUIRE(folders.renew({folder("rules")}, {}));
  std::size_t most = 0;
  std::FILE* file = std::fopen("/proc/sys/fs/inotify/max_queued_events", "re");
  REQUIRE(file != nullptr);
  CHECK(std::fscanf(file, "%zu", &most) == 1);
  std::fclose(file);
  // None of these counts by itself.
  const std::string names[] = {folder("rules/.one"), folder("rules/.two")};
  folder.write("rules/.one", "");
  for (std::size_t i = 0; i < most + 10; ++i)
    std::rename(names[i % 2].c_str(), names[(i + 1) % 2].c_str());
  CHECK(folders.heard());
}

TEST_CASE("rule folders: a huge tree is watched as far as allowed, and that is said once") {
  const Folder folder;
  for (int i = 0; i < 50; ++i) folder.write("rules/" + std::to_string(i) + "/a.yaml", rules(i));
  RuleFolders folders(10);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(folders.renew({folder("rules")}, {}));
  CHECK(folders.take_troubles() == std::vector<std::string>{"no inotify watches left"});
  CHECK(folders.take_troubles().empty());
}

}  // namespace allocd
