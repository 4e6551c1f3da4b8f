// The last good set comes back as it was saved, or not at all: real files, damaged, cut short, and
// written by programs that are killed.
#include "daemon/last_good.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/set_manifest.h"
#include "support/process.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;
using test::read_file;
using test::TemporaryFolder;

LoadedRules loaded_from(const std::vector<std::string>& paths) {
  LoadedRules out = load_rules(paths, Spec::Drop, Tables::Keep);
  for (const Diagnostic& d : out.diagnostics.all()) MESSAGE(render(d));
  REQUIRE(out.rules);
  return out;
}

std::string rule(const std::string& name, const std::string& hub = "hub-a") {
  return "{name: " + name + ", match: {registrationId: {startsWith: " + name +
         "}}, allocate: {hub: " + hub + "}}";
}

// A set of one rule, different for each text.
LoadedRules small_set(const std::string& name) {
  const TemporaryFolder folder;
  folder.write("a.yaml", "rules: [" + rule(name) + "]\n");
  return loaded_from({folder.path()});
}

std::string answer_to(const LoadedRules& loaded, const std::string& id) {
  const Answer told =
      answer(*loaded.rules,
             R"({"enrollmentGroup":{},"deviceRuntimeContext":{"registrationId":")" + id +
                 R"("},"linkedHubs":["hub-a.azure-devices.net","hub-b.azure-devices.net"]})",
             Moment());
  return std::to_string(told.reply.status) + " " + told.reply.body;
}

std::vector<std::string> sources(const LoadedRules& loaded) {
  std::vector<std::string> out;
  for (const Rule& one : loaded.rules->rules()) out.push_back(one.source);
  return out;
}

// Revision of what comes back; empty where nothing does.
std::string revision_in(const std::string& state) {
  const LastGood::Loaded found = LastGood(state).load();
  return found.rules ? found.rules->revision : "";
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder))
    out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> sets_in(const std::string& state) {
  std::vector<std::string> out = names_in(state + "/last-good");
  std::erase_if(out, [](const std::string& name) { return !is_checksum(name); });
  return out;
}

// A process of its own for `work`, which says its exit code.
pid_t started(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  REQUIRE(child > 0);
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_SUITE("last good") {
  TEST_CASE("last good: comes back as it was, when all it was made of is gone") {
    const TemporaryFolder state;
    auto rules = std::make_unique<TemporaryFolder>();
    fs::create_directories(rules->path() + "/set/sub");
    fs::create_directories(rules->path() + "/elsewhere");
    const std::string far = rules->write("elsewhere/far.csv", "id,hub\nq1,hub-b\n");
    rules->write("elsewhere/near.csv", "id,hub\r\nn1,hub-b\r\n");
    rules->write("set/10.yaml", "\xEF\xBB\xBFlookups:\n  far: {table: " + far +
                                    ", key: registrationId}\nrules:\n  - " + rule("a") + "\n");
    rules->write(
        "set/sub/20.yaml",
        "lookups:\n  near: {table: ../../elsewhere/near.csv, key: registrationId}\n"
        "rules:\r\n  - {name: n, match: {near.hub: {exists: true}}, allocate: {hub: "
        "\"${near.hub}\"}}\n"
        "  - {name: f, match: {far.hub: {exists: true}}, allocate: {hub: \"${far.hub}\"}}\n");
    const LoadedRules before = load_rules({rules->path() + "/set"}, Spec::Drop, Tables::Keep);
    for (const Diagnostic& d : before.diagnostics.all()) MESSAGE(render(d));
    REQUIRE(before.rules);
    CHECK(before.tables.size() == 2);
    CHECK(LastGood(state.path()).save(before).value_or("") == "");
    rules.reset();

    const LastGood::Loaded after = LastGood(state.path()).load();
    CHECK(after.troubles.empty());
    REQUIRE(after.rules);
    CHECK(after.rules->revision == before.revision);
    CHECK(sources(*after.rules) == sources(before));
    CHECK(sources(before).back() == "sub/20.yaml:5");
    for (const char* id : {"a1", "n1", "q1", "other"}) {
      CAPTURE(id);
      CHECK(answer_to(*after.rules, id) == answer_to(before, id));
    }
    CHECK(answer_to(before, "q1").find("hub-b") != std::string::npos);
    CHECK(answer_to(before, "n1").find("hub-b") != std::string::npos);
    CHECK(after.rules->sources[0]->path() == before.sources[0]->path());
    REQUIRE(after.rules->rule_names.size() == 3);
    CHECK(after.rules->rule_names[0].text() == "a");
  }

  TEST_CASE("last good: nobody else may read it") {
    const TemporaryFolder state;
    const std::string folder = state.path() + "/last-good";
    fs::create_directory(folder);
    REQUIRE(chmod(folder.c_str(), 0755) == 0);
    const LastGood kept(state.path() + "/");
    CHECK(kept.save(small_set("a")).value_or("") == "");
    CHECK(kept.remember_refused({"r", "{}"}).value_or("") == "");
    const auto mode = [](const fs::path& path) {
      return static_cast<unsigned>(fs::status(path).permissions());
    };
    CHECK(mode(folder) == 0700);
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      CAPTURE(entry.path());
      CHECK(mode(entry.path()) == (entry.is_directory() ? 0700 : 0600));
      files += entry.is_regular_file() ? 1 : 0;
    }
    CHECK(files == 5);  // the rules, the manifest, current, refused, lock
  }

  TEST_CASE("last good: the newest two are kept, the newest is taken") {
    const TemporaryFolder state;
    const LastGood kept(state.path() + "/made/too");
    fs::create_directory(state.path() + "/made");
    std::vector<LoadedRules> sets;
    for (const char* name : {"a", "b", "c"}) sets.push_back(small_set(name));
    // Not the order of their checksums: each has been the newest of each other.
    for (const int i : {0, 1, 2, 0, 0, 2, 1}) {
      const LoadedRules& set = sets[static_cast<std::size_t>(i)];
      CHECK(kept.save(set).value_or("") == "");
      CHECK(revision_in(state.path() + "/made/too") == set.revision);
      CHECK(sets_in(state.path() + "/made/too").size() <= 2);
    }
    // Without `current`, what is left can still be had.
    fs::remove(state.path() + "/made/too/last-good/current");
    CHECK_FALSE(revision_in(state.path() + "/made/too").empty());
  }

  TEST_CASE("last good: none there, none said") {
    const TemporaryFolder state;
    const LastGood::Loaded found = LastGood(state.path()).load();
    CHECK_FALSE(found.rules);
    CHECK(found.troubles.empty());
    CHECK(names_in(state.path()).empty());
  }

  TEST_CASE("last good: a damaged byte, a cut or missing file is noticed; the set before is used") {
    using Damage = std::function<void(const std::string&)>;
    struct Case {
      const char* name;
      Damage damage;
      const char* said;
    };
    const auto flip = [](const std::string& path, std::uintmax_t at) {
      const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
      char byte = 0;
      REQUIRE(pread(fd, &byte, 1, static_cast<off_t>(at)) == 1);
      byte ^= 4;
      REQUIRE(pwrite(fd, &byte, 1, static_cast<off_t>(at)) == 1);
      close(fd);
    };
    const Case cases[] = {
        {"first byte", [&](const auto& path) { flip(path, 0); }, "it is not what was saved"},
        {"last byte", [&](const auto& path) { flip(path, fs::file_size(path) - 1); },
         "it is not what was saved"},
        {"half", [](const auto& path) { fs::resize_file(path, fs::file_size(path) / 2); },
         "it is not what was saved"},
        {"empty", [](const auto& path) { fs::resize_file(path, 0); }, "it is not what was saved"},
        {"longer", [](const auto& path) { fs::resize_file(path, fs::file_size(path) + 1); },
         "it is not what was saved"},
        {"gone", [](const auto& path) { fs::remove(path); }, "No such file or directory"},
    };
    const TemporaryFolder rules;
    rules.write("t.csv", "id,hub\nx,y\n");
    rules.write("b.yaml", "rules: [" + rule("b") + "]\n");
    rules.write("a.yaml",
                "lookups: {t: {table: t.csv, key: registrationId}}\nrules:\n"
                "  - {name: a, match: {t.hub: {exists: true}}, allocate: {hub: \"${t.hub}\"}}\n");
    const LoadedRules newer = loaded_from({rules.path()});
    const LoadedRules older = small_set("older");
    for (const Case& c : cases)
      for (const char* file : {"0", "1", "2", "manifest"})
        for (const bool has_older : {true, false}) {
          CAPTURE(c.name);
          CAPTURE(file);
          CAPTURE(has_older);
          const TemporaryFolder state;
          const LastGood kept(state.path());
          if (has_older) CHECK_FALSE(kept.save(older));
          const std::vector<std::string> before =
              has_older ? sets_in(state.path()) : std::vector<std::string>();
          CHECK_FALSE(kept.save(newer));
          std::string set;
          for (const std::string& name : sets_in(state.path()))
            if (before.empty() || name != before[0]) set = state.path() + "/last-good/" + name;
          c.damage(set + "/" + file);
          LastGood::Loaded found = kept.load();
          CHECK(found.troubles ==
                std::vector<std::string>{"the rule set saved in `" + set +
                                         "` is of no use: file `" + file + "`: " + c.said});
          CHECK(found.rules.has_value() == has_older);
          if (has_older) CHECK(found.rules->revision == older.revision);
          // The next save mends it.
          CHECK_FALSE(kept.save(newer));
          found = kept.load();
          CHECK(found.troubles.empty());
          REQUIRE(found.rules);
          CHECK(found.rules->revision == newer.revision);
        }
  }

  TEST_CASE("last good: a damaged pointer is said, and the sets are found without it") {
    for (const char* text : {"", "nonsense\n", "../../etc\n"}) {
      CAPTURE(text);
      const TemporaryFolder state;
      const LastGood kept(state.path());
      const LoadedRules set = small_set("a");
      CHECK_FALSE(kept.save(set));
      state.write("last-good/current", text);
      const LastGood::Loaded found = kept.load();
      CHECK(found.troubles ==
            std::vector<std::string>{"cannot read `" + state.path() +
                                     "/last-good/current`: it is not what was saved"});
      REQUIRE(found.rules);
      CHECK(found.rules->revision == set.revision);
    }
  }

  TEST_CASE("last good: only a set with all that it was made of is saved") {
    const TemporaryFolder state;
    const TemporaryFolder rules;
    rules.write("a.yaml", "rules: [");
    const std::string said = "a rule set is saved only with all that it was made of";
    CHECK(LastGood(state.path()).save(load_rules({rules.path()})).value_or("") == said);
    rules.write("t.csv", "id,hub\nx,y\n");
    rules.write("a.yaml",
                "lookups: {t: {table: t.csv, key: registrationId}}\nrules:\n"
                "  - {name: a, match: {t.hub: {exists: true}}, allocate: {hub: \"${t.hub}\"}}\n");
    CHECK(LastGood(state.path()).save(load_rules({rules.path()})).value_or("") == said);
    CHECK_FALSE(LastGood(state.path()).save(loaded_from({rules.path()})));
  }

  TEST_CASE("last good: where nothing can be written, the reason is told") {
    const TemporaryFolder folder;
    const std::string file = folder.write("file", "");
    struct Case {
      const char* name;
      std::string state;
      std::string said;
    };
    const Case cases[] = {
        {"a file in its place", file, "cannot write `" + file + "/last-good`: Not a directory"},
        {"no folder to make it in", folder.path() + "/no/where",
         "cannot write `" + folder.path() + "/no/where`: No such file or directory"},
        {"a system that takes no folders", "/proc/allocd",
         "cannot write `/proc/allocd`: No such file or directory"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      const LastGood kept(c.state);
      CHECK(kept.save(small_set("a")).value_or("") == c.said);
      CHECK(kept.remember_refused({"r", "{}"}).value_or("") == c.said);
      CHECK_FALSE(kept.load().rules);
    }
  }

  TEST_CASE("last good: a disk that is full leaves what was there") {
    const TemporaryFolder state;
    const LastGood kept(state.path());
    const LoadedRules before = small_set("before");
    const LoadedRules after = small_set("after");
    CHECK_FALSE(kept.save(before));
    const int status = status_of(started([&] {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{10, 10};
      setrlimit(RLIMIT_FSIZE, &limit);
      const auto error = kept.save(after);
      return error && error->starts_with("cannot write `") && error->ends_with("File too large")
                 ? 0
                 : 1;
    }));
    CHECK(status == 0);
    CHECK(revision_in(state.path()) == before.revision);
    // And nothing else.
    CHECK(names_in(state.path() + "/last-good").size() == 3);
  }

  TEST_CASE("last good: another process that writes is waited for, not for ever") {
    const TemporaryFolder state;
    const LastGood kept(state.path());
    CHECK_FALSE(kept.save(small_set("a")));
    const std::string lock = state.path() + "/last-good/lock";
    const int fd = open(lock.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(flock(fd, LOCK_EX) == 0);
    CHECK(kept.save(small_set("b")).value_or("") ==
          "cannot write `" + lock + "`: Resource temporarily unavailable");
    CHECK(kept.load().rules);
    close(fd);
    CHECK_FALSE(kept.save(small_set("b")));
  }

  TEST_CASE("last good: two daemons on one folder") {
    const TemporaryFolder state;
    std::vector<LoadedRules> sets;
    for (const char* name : {"a", "b", "c", "d"}) sets.push_back(small_set(name));
    std::vector<pid_t> children;
    for (const std::size_t first : {0U, 2U})
      children.push_back(started([&, first] {
        const LastGood kept(state.path());
        for (std::size_t i = 0; i < 40; ++i) {
          if (kept.save(sets[first + i % 2])) return 1;
          const LastGood::Loaded found = kept.load();
          if (!found.rules || !found.troubles.empty()) return 2;
        }
        return 0;
      }));
    for (const pid_t child : children) CHECK(status_of(child) == 0);
    CHECK(sets_in(state.path()).size() == 2);
    CHECK(LastGood(state.path()).load().troubles.empty());
  }

  TEST_CASE("last good: killed at any moment, the old set is there or the new one") {
    const TemporaryFolder state;
    const TemporaryFolder rules;
    std::vector<LoadedRules> sets;
    for (int set = 0; set < 3; ++set) {
      for (int file = 0; file < 5; ++file) {
        const std::string name = "r" + std::to_string(set) + "-" + std::to_string(file);
        rules.write(std::to_string(file) + ".yaml",
                    "rules: [" + rule(name) + "]\n#" + std::string(2000, 'x') + "\n");
      }
      sets.push_back(loaded_from({rules.path()}));
    }
    const LastGood kept(state.path());
    CHECK_FALSE(kept.save(sets[1]));
    const auto begin = std::chrono::steady_clock::now();
    CHECK_FALSE(kept.save(sets[0]));
    const std::chrono::nanoseconds one_save = std::chrono::steady_clock::now() - begin;
    std::mt19937_64 random(1);  // the moments differ from run to run all the same
    int killed = 0;
    std::map<std::string, int> seen;
    for (int round = 0; round < 50; ++round) {
      CAPTURE(round);
      const pid_t child = started([&] {
        // What it saves is always another one than the newest.
        for (std::size_t i = static_cast<std::size_t>(round);; ++i)
          if (kept.save(sets[i % sets.size()])) return 1;
      });
      std::this_thread::sleep_for(one_save * static_cast<int>(random() % 3000) / 1000);
      kill(child, SIGKILL);
      if (WIFSIGNALED(status_of(child))) ++killed;
      const LastGood::Loaded found = kept.load();
      CHECK(found.troubles == std::vector<std::string>());
      REQUIRE(found.rules);
      CHECK(std::any_of(sets.begin(), sets.end(), [&](const LoadedRules& set) {
        return set.revision == found.rules->revision;
      }));
      CHECK(answer_to(*found.rules, "r0-3") != "");
      ++seen[found.rules->revision];
    }
    CHECK(killed == 50);
    CHECK(seen.size() == 3);
    // What the dead left behind goes with the next save.
    CHECK_FALSE(kept.save(sets[0]));
    CHECK_FALSE(kept.save(sets[1]));
    CHECK(names_in(state.path() + "/last-good").size() == 4);
    CHECK(revision_in(state.path()) == sets[1].revision);
  }

  TEST_CASE("last good: any set comes back with its revision and its decisions") {
    std::mt19937 random(7);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    const std::vector<std::string> odd = {"",          "a b", "\xC3\xA4", "\xFF\xFE",
                                          "new\nline", "`",   "\\"};
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      const TemporaryFolder state;
      auto rules = std::make_unique<TemporaryFolder>();
      std::vector<std::string> paths;
      const unsigned folders = 1 + below(3);
      int number = 0;
      for (unsigned f = 0; f < folders; ++f) {
        const std::string folder = "f" + std::to_string(f) + odd[below(7)];
        paths.push_back(rules->path() + "/" + folder);
        fs::create_directories(paths.back() + "/sub");
        for (unsigned i = 1 + below(4); i > 0; --i) {
          const std::string at = folder + (below(2) == 0 ? "/" : "/sub/");
          const std::string id = "r" + std::to_string(++number);
          std::string text = below(3) == 0 ? "\xEF\xBB\xBF" : "";
          std::string match = "registrationId: {endsWith: \"" + std::to_string(below(10)) + "\"}";
          std::string hub = below(2) == 0 ? "hub-a" : "hub-b";
          if (below(2) == 0) {
            rules->write(at + id + ".csv", std::string(below(2) == 0 ? "\xEF\xBB\xBF" : "") +
                                               "id,hub\nd" + std::to_string(below(40)) + "," + hub +
                                               "\n");
            text += "lookups: {" + id + ": {table: " + id + ".csv, key: registrationId}}\n";
            match = id + ".hub: {exists: true}";
            hub = "\"${" + id + ".hub}\"";
          }
          text += "rules:\n  - {name: " + id + ", match: {" + match + "}, allocate: {hub: " + hub +
                  "}}\n";
          rules->write(at + odd[below(6)] + id + (below(2) == 0 ? ".yaml" : ".yml"), text);
        }
      }
      const LoadedRules before = loaded_from(paths);
      REQUIRE_FALSE(LastGood(state.path()).save(before));
      rules.reset();
      const LastGood::Loaded after = LastGood(state.path()).load();
      CHECK(after.troubles == std::vector<std::string>());
      REQUIRE(after.rules);
      CHECK(after.rules->revision == before.revision);
      CHECK(sources(*after.rules) == sources(before));
      for (int id = 0; id < 40; ++id)
        CHECK(answer_to(*after.rules, "d" + std::to_string(id)) ==
              answer_to(before, "d" + std::to_string(id)));
    }
  }

  TEST_CASE("last good: a manifest is read as it was written, and nothing else is one") {
    const SetManifest manifest{"0123456789ab",
                               {{false, "a\nb/rules 1 2\n", "", 0, checksum_of("")},
                                {true, "t", "\xFFt\n", 12, checksum_of("x")}}};
    const std::string text = manifest_text(manifest);
    CHECK(parse_manifest(text) == manifest);
    CHECK(checksum_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const std::size_t whole[] = {text.find('\n', 18) + 1, text.rfind("table "), text.size()};
    for (std::size_t size = 0; size < text.size(); ++size) {
      CAPTURE(size);
      CHECK(parse_manifest(text.substr(0, size)).has_value() ==
            (std::find(std::begin(whole), std::end(whole), size) != std::end(whole)));
    }
    for (const char* other :
         {"allocd rule set 2\nrevision a\n",
          "allocd rule set 1\nrevision a\nrules a -1 1 1\np\nn\n",
          "allocd rule set 1\nrevision a\nrules a 1 99999999999999999999 1\np\nn\n",
          "allocd rule set 1\nrevision a\nrules a 1 18446744073709551615 1\np\nn\n",
          "allocd rule set 1\nrevision a\nfiles a 1 1 1\np\nn\n"})
      CHECK_FALSE(parse_manifest(other));
  }

  TEST_CASE("last good: a refused revision is remembered until it is forgotten") {
    const TemporaryFolder state;
    const LastGood kept(state.path());
    std::string trouble = "none";
    CHECK_FALSE(kept.refused(trouble));
    CHECK(trouble == "");
    CHECK_FALSE(kept.forget_refused());
    CHECK_FALSE(kept.remember_refused({"aaaaaaaaaaaa", "{\"moved\": 3}\n\n"}));
    CHECK_FALSE(kept.remember_refused({"bbbbbbbbbbbb", "{\"moved\": 4}\n\n"}));
    CHECK_FALSE(kept.save(small_set("a")));  // is another matter
    const auto found = LastGood(state.path()).refused(trouble);
    REQUIRE(found);
    CHECK(found->revision == "bbbbbbbbbbbb");
    CHECK(found->report == "{\"moved\": 4}\n\n");
    CHECK(trouble == "");

    const std::string path = state.path() + "/last-good/refused";
    const std::string text = read_file(path);
    for (std::size_t size = 0; size < text.size(); ++size) {
      CAPTURE(size);
      state.write("last-good/refused", text.substr(0, size));
      CHECK_FALSE(kept.refused(trouble));
      CHECK(trouble == "cannot read `" + path + "`: it is not what was saved");
    }
    CHECK_FALSE(kept.forget_refused());
    CHECK_FALSE(kept.refused(trouble));
    CHECK(trouble == "");
  }
}

}  // namespace allocd
