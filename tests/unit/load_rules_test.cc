// Which files a rule set is made of, and what becomes of those that cannot be read. Real files.
#include "rulefile/load_rules.h"

#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <doctest/doctest.h>

#include "support/process.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  std::string path(const std::string& name = "") const {
    return name.empty() ? folder_.path() : folder_.path() + "/" + name;
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    folder_.write(name, text);
  }
  void write_rule(const std::string& name, const std::string& rule) const {
    write(name,
          "rules: [{name: " + rule + ", match: {registrationId: " + rule + "}, reject: x}]\n");
  }

 private:
  test::TemporaryFolder folder_;
};

std::vector<std::string> sources(const LoadedRules& loaded) {
  std::vector<std::string> out;
  if (loaded.rules)
    for (const Rule& rule : loaded.rules->rules()) out.push_back(rule.source);
  return out;
}

std::string only_diagnostic(const LoadedRules& loaded) {
  REQUIRE(loaded.diagnostics.all().size() == 1);
  return render(loaded.diagnostics.all()[0]);
}

}  // namespace

TEST_CASE("load rules: the files of a directory in the byte order of their relative paths") {
  const Folder folder;
  folder.write_rule("20-b.yaml", "b");
  folder.write_rule("10-a.yml", "a");
  folder.write_rule("Z.yaml", "z");
  folder.write_rule("sub/deeper/c.yaml", "c");
  folder.write_rule("sub.yaml", "s");
  // None of these is a rule file.
  for (const char* name :
       {".hidden.yaml", "a.test.yaml", "a.test.yml", "a.yaml~", "#a.yaml", "#a.yaml#", "a.yaml.swp",
        "notes.txt", "tables/inventory.yaml", "sub/tables/t.yaml", ".git/x.yaml"})
    folder.write(name, "this is no rule file");
  const LoadedRules loaded = load_rules({folder.path()});
  CHECK(loaded.diagnostics.all().empty());
  CHECK(loaded.files == 5);
  CHECK(sources(loaded) == std::vector<std::string>{"10-a.yml:1", "20-b.yaml:1", "Z.yaml:1",
                                                    "sub.yaml:1", "sub/deeper/c.yaml:1"});
}

TEST_CASE("load rules: links are followed, and no directory is entered twice") {
  const Folder folder;
  folder.write_rule("..data_1/a.yaml", "a");
  fs::create_symlink("..data_1", folder.path("..data"));
  fs::create_symlink("..data/a.yaml", folder.path("a.yaml"));
  fs::create_directory(folder.path("sub"));
  fs::create_symlink("..", folder.path("sub/up"));
  const LoadedRules loaded = load_rules({folder.path()});
  CHECK(loaded.diagnostics.all().empty());
  CHECK(sources(loaded) == std::vector<std::string>{"a.yaml:1"});
}

TEST_CASE("load rules: named files, whatever they are called, and a file named twice counts once") {
  const Folder folder;
  folder.write_rule("one.test.yaml", "a");
  folder.write_rule("two", "b");
  const std::string one = folder.path("one.test.yaml");
  CHECK(sources(load_rules({one})) == std::vector<std::string>{"one.test.yaml:1"});
  const LoadedRules both = load_rules({folder.path("two"), one, one});
  CHECK(both.files == 2);
  // With several paths a name alone would not tell which file is meant.
  CHECK(sources(both) == std::vector<std::string>{folder.path("two") + ":1", one + ":1"});
}

TEST_CASE("load rules: what is not there or cannot be read is said") {
  const Folder folder;
  CHECK(only_diagnostic(load_rules({folder.path("nope")})) ==
        folder.path("nope") + ": error: no such file or directory [no-such-file]\n");
  fs::create_directory(folder.path("empty"));
  CHECK(only_diagnostic(load_rules({folder.path("empty")})) ==
        folder.path("empty") +
            ": error: no rule file in this directory [no-rules]\n"
            "      = help: rule files end in `.yaml` or `.yml`; hidden ones and `*.test.yaml` do "
            "not count\n");
  REQUIRE(mkfifo(folder.path("pipe.yaml").c_str(), 0600) == 0);
  CHECK(only_diagnostic(load_rules({folder.path("pipe.yaml")})) ==
        folder.path("pipe.yaml") +
            ": error: cannot read the file: not a regular file [unreadable-file]\n");
  fs::create_symlink("nowhere.yaml", folder.path("dangling.yaml"));
  CHECK(only_diagnostic(load_rules({folder.path("dangling.yaml")})) ==
        folder.path("dangling.yaml") + ": error: no such file or directory [no-such-file]\n");
}

TEST_CASE("load rules: one bad file among good ones refuses the set") {
  const Folder folder;
  folder.write_rule("a.yaml", "a");
  folder.write("b.yaml", "rules: [\n");
  const LoadedRules loaded = load_rules({folder.path()});
  CHECK_FALSE(loaded.rules);
  CHECK(loaded.rule_count == 1);
  CHECK(loaded.diagnostics.errors() == 1);
}

TEST_CASE("load rules: the revision knows names, contents and order, and nothing else") {
  const Folder one;
  const Folder two;
  one.write_rule("a.yaml", "a");
  two.write_rule("a.yaml", "a");
  const std::string revision = load_rules({one.path()}).revision;
  CHECK(revision.size() == 12);
  CHECK(load_rules({two.path()}).revision == revision);
  fs::rename(two.path("a.yaml"), two.path("b.yaml"));
  CHECK(load_rules({two.path()}).revision != revision);
  one.write("a.yaml", "# a comment\n");
  CHECK(load_rules({one.path()}).revision != revision);
}

TEST_CASE(
    "load rules: tables are found from the folder of their rule file, or where they are named") {
  struct Case {
    const char* name;
    std::string written;
    std::string place;
  };
  const Folder elsewhere;
  const Case cases[] = {
      {"below", "tables/t.csv", "rules/sub/tables/t.csv"},
      {"beside", "t.csv", "rules/sub/t.csv"},
      {"in the folder above", "../tables/t.csv", "rules/tables/t.csv"},
      {"outside of the rules", "../../shared/t.csv", "shared/t.csv"},
      {"absolute", elsewhere.path("t.csv"), ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Folder folder;
    folder.write("rules/sub/a.yaml", "lookups: {t: {table: \"" + c.written +
                                         "\", key: registrationId}}\n"
                                         "rules: [{name: a, match: {t.id: x}, reject: x}]\n");
    const Folder& at = c.place.empty() ? elsewhere : folder;
    const std::string name = c.place.empty() ? "t.csv" : c.place;
    at.write(name, "id\nx\n");
    const LoadedRules loaded = load_rules({folder.path("rules")});
    CHECK(loaded.diagnostics.all().empty());
    CHECK(loaded.rules);
    // Tables count for the revision.
    at.write(name, "id\ny\n");
    CHECK(load_rules({folder.path("rules")}).revision != loaded.revision);
    at.write(name, "id\nx\n");
    CHECK(load_rules({folder.path("rules")}).revision == loaded.revision);
    REQUIRE(loaded.tables.size() == 1);
    CHECK(fs::equivalent(loaded.tables[0].path, at.path(name)));
    CHECK(loaded.table_sources.empty());
    const LoadedRules kept = load_rules({folder.path("rules")}, Spec::Drop, Tables::Keep);
    REQUIRE(kept.table_sources.size() == 1);
    CHECK(kept.table_sources[0]->text() == "id\nx\n");
    CHECK(kept.table_sources[0]->path() == loaded.tables[0].path);
    CHECK(kept.table_sources[0]->name() == loaded.tables[0].name);
  }
}

TEST_CASE("load rules: the revision on disk is the one that a load finds, good or bad") {
  const Folder folder;
  const std::vector<std::string> one = {folder.path("a")};
  const std::vector<std::string> two = {folder.path("a"), folder.path("b/b.yaml")};
  const std::string good =
      "lookups: {t: {table: ../t.csv, key: registrationId}}\n"
      "rules: [{name: NAME, match: {t.id: x}, reject: x}]\n";
  folder.write("a/a.yaml", "\xEF\xBB\xBF" + good);
  folder.write("b/b.yaml", "rules: [{name: b, reject: x}]\n");
  struct Case {
    const char* name;
    std::string file;
    std::string text;
  };
  const Case cases[] = {
      {"a table that is missing", "x", ""},
      {"that appears", "t.csv", "id\nx\n"},
      {"that is broken", "t.csv", "id\n\"x"},
      {"a new file", "a/0.yaml", "rules: [{name: c, reject: x}]\n"},
      {"a broken file", "a/a.yaml", "rules: ["},
      {"no rules", "a/0.yaml", ""},
  };
  std::set<std::string> seen;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    folder.write(c.file, c.text);
    for (const auto& paths : {one, two}) {
      const LoadedRules loaded = load_rules(paths);
      CHECK(revision_on_disk(paths, loaded.tables) == loaded.revision);
      seen.insert(loaded.revision);
    }
  }
  CHECK(seen.size() == 2 * std::size(cases));
  fs::remove_all(folder.path("a"));
  CHECK(revision_on_disk(one, {}) == load_rules(one).revision);
}

TEST_CASE("load rules: a table that cannot be read is said where it is named") {
  const Folder folder;
  const std::string table = folder.path("t.csv");
  folder.write("a.yaml",
               "lookups: {t: {table: t.csv, key: registrationId}}\n"
               "rules: [{name: a, match: {t.id: x}, reject: x}]\n");
  const auto expected = [&](const std::string& why) {
    return folder.path("a.yaml") + ":1:22: error: cannot read table `" + table + "`: " + why +
           " [unreadable-file]\n"
           "    1 | lookups: {t: {table: t.csv, key: registrationId}}\n"
           "      |                      ^~~~~\n"
           "      = help: a table's path begins at the folder of the rule file\n";
  };
  CHECK(only_diagnostic(load_rules({folder.path()})) == expected("No such file or directory"));
  folder.write("t.csv", "");
  fs::resize_file(table, std::uintmax_t{257} << 20);  // takes no room
  CHECK(only_diagnostic(load_rules({folder.path()})) == expected("larger than 256 MiB"));
  fs::remove(table);
  fs::create_directory(table);
  CHECK(only_diagnostic(load_rules({folder.path()})) == expected("not a regular file"));
}

}  // namespace allocd
