// `allocd test` as an operator runs it: what passes, what fails and what is said about it.
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "cli/test_files.h"
#include "support/process.h"

using namespace allocd::test;

namespace {

constexpr const char* kRules = R"(version: 1
rules:
  - name: early
    match: {registrationId: {startsWith: early-}}
    reject: too early
  - name: toaster
    match:
      registrationId: {contains: tstr}
      payload.model: {in: [a, b]}
    allocate:
      hub: "toasters-*"
      initialTwin: {tags: {type: toaster, slots: 2}, properties: {desired: {modes: [x, y]}}}
      payload: {hello: world}
  - name: never
    match: {payload.never: true}
    reject: never
)";

constexpr const char* kGood = R"(linkedHubs: [toasters-1.azure-devices.net]
tests:
  - name: a toaster
    request: {registrationId: tstr-1, payload: {model: a}}
    expect:
      rule: toaster
      status: 200
      hub: Toasters-1
      initialTwin: {properties: {desired: {modes: [x, y]}}, tags: {slots: 2.0, type: toaster}}
      payload: {hello: world}
      reason: null
  - name: early
    request: early-tstr
    expect: {rule: early, status: 400, hub: null, reason: too early, initialTwin: null, payload: null}
)";

struct Said {
  int code = -1;
  std::string text;
};

Said allocd_test(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {ALLOCD_BINARY, "test"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Process process(all);
  const auto code = process.exit_code();
  return {code.value_or(-1), process.output()};
}

// What is printed for one test file beside kRules, without the folder.
Said tried(const std::string& tests, std::vector<std::string> more = {}) {
  const TemporaryFolder folder;
  folder.write("rules.yaml", kRules);
  folder.write("a.test.yaml", tests);
  more.insert(more.begin(), folder.path());
  Said said = allocd_test(more);
  for (std::size_t at = 0; (at = said.text.find(folder.path() + "/")) != std::string::npos;)
    said.text.erase(at, folder.path().size() + 1);
  return said;
}

std::string one(const std::string& request, const std::string& expect) {
  return "linkedHubs: [toasters-1.azure-devices.net]\ntests:\n  - name: t\n    request: " +
         request + "\n    expect: " + expect + "\n";
}

}  // namespace

TEST_CASE("test: what passes, and which rules no test reaches") {
  const Said said = tried(kGood);
  CHECK(said.code == 0);
  CHECK(said.text ==
        "ok    a toaster\nok    early\n"
        "2 tests, 0 failed; 2 of 3 rules reached (66.7 %)\n"
        "no test reaches `never` (rules.yaml:14)\n");
  CHECK(tried(kGood, {"--min-coverage", "66"}).code == 0);
  const Said less = tried(kGood, {"--min-coverage", "67"});
  CHECK(less.code == 1);
  CHECK(less.text.find("66.7 % of the rules are reached, less than --min-coverage 67.0") !=
        std::string::npos);
}

TEST_CASE("test: a failing case says what differs, and why the rule did not decide") {
  struct Case {
    std::string name;
    std::string request;
    std::string expect;
    std::string failures;  // the lines below the case, without their indent
  };
  const Case cases[] = {
      {"status", "early-1", "{status: 200}", "status: expected 200, got 400\n"},
      {"hub", "{registrationId: tstr, payload: {model: a}}", "{hub: other}",
       "hub: expected \"other\", got \"toasters-1.azure-devices.net\"\n"},
      {"twin, place by place", "{registrationId: tstr, payload: {model: a}}",
       "{initialTwin: {tags: {type: kettle, slots: 2}, properties: {desired: {modes: [x], on: "
       "true}}}}",
       "initialTwin.tags.type: expected \"kettle\", got \"toaster\"\n"
       "initialTwin.properties.desired.modes.1: expected nothing, got \"y\"\n"
       "initialTwin.properties.desired.on: expected true, got nothing\n"},
      {"no twin", "early-1", "{initialTwin: {}}", "initialTwin: expected {}, got nothing\n"},
      {"reason", "early-1", "{reason: late}", "reason: expected \"late\", got \"too early\"\n"},
      {"a matcher failed", "{registrationId: tstr, payload: {model: c}}", "{rule: toaster}",
       "rule: expected \"toaster\", got nothing\n"
       "`toaster` does not match: `payload.model` in [\"a\",\"b\"], but it is \"c\"\n"},
      {"a value is missing", "tstr", "{rule: toaster}",
       "rule: expected \"toaster\", got nothing\n"
       "`toaster` does not match: `payload.model` in [\"a\",\"b\"], but it is not there\n"},
      {"an earlier rule decides", "{registrationId: early-tstr, payload: {model: a}}",
       "{rule: toaster}",
       "rule: expected \"toaster\", got \"early\"\n"
       "`toaster` was not tried: `early` (rules.yaml:3) stands before it and decides\n"},
      {"no such rule", "early-1", "{rule: erly}",
       "rule: expected \"erly\", got \"early\"\nthere is no rule `erly`\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Said said = tried(one(c.request, c.expect));
    CHECK(said.code == 1);
    std::string lines;
    for (std::size_t at = said.text.find("\n        "); at != std::string::npos;
         at = said.text.find("\n        ", at + 1))
      lines += said.text.substr(at + 9, said.text.find('\n', at + 1) - at - 9) + "\n";
    CHECK(lines == c.failures);
    CHECK(said.text.starts_with("FAIL  t (a.test.yaml:3)\n"));
  }
}

TEST_CASE("test: nothing passes because nothing was asked") {
  struct Case {
    std::string name;
    std::string text;
    std::string said;
  };
  const Case cases[] = {
      {"an empty file", "", "[no-tests]"},
      {"no list of tests", "linkedHubs: [a]\n", "[no-tests]"},
      {"an empty list", "tests: []\n", "[no-tests]"},
      {"no expect", "tests:\n  - {name: t, request: a}\n", "missing key `expect` in test"},
      {"an empty expect", "tests:\n  - {name: t, request: a, expect: {}}\n", "[empty-expect]"},
      {"no request", "tests:\n  - {name: t, expect: {status: 400}}\n", "[missing-request]"},
      {"two requests", "tests:\n  - {name: t, request: a, requestFile: b, expect: {status: 400}}\n",
       "[missing-request]"},
      {"no such file", "tests:\n  - {name: t, requestFile: b.json, expect: {status: 400}}\n",
       "cannot read the request `b.json`"},
      {"a name twice",
       "tests:\n  - {name: t, request: a, expect: {status: 400}}\n"
       "  - {name: t, request: a, expect: {status: 400}}\n",
       "[duplicate-test]"},
      {"a word misspelt", one("a", "{stauts: 400}"), "did you mean `status`?"},
      {"a status that is none", one("a", "{status: 99}"), "[out-of-range]"},
      {"a word misspelt in the file", "test: []\n", "did you mean `tests`?"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Said said = tried(c.text);
    CAPTURE(said.text);
    CHECK(said.code == 1);
    CHECK(said.text.find(c.said) != std::string::npos);
    CHECK(said.text.find("nothing was tested") != std::string::npos);
  }
  const TemporaryFolder folder;
  folder.write("rules.yaml", kRules);
  CHECK(allocd_test({folder.path()}).text.find("no test file") != std::string::npos);
  CHECK(allocd_test({folder.path()}).code == 1);
  CHECK(allocd_test({folder.path(), folder.path() + "/none.test.yaml"}).code == 1);
  CHECK(allocd_test({folder.write("a.test.yaml", kGood)}).code == 2);
  CHECK(allocd_test({}).code == 2);
}

TEST_CASE("test: for scripts and build servers") {
  const std::string tests =
      std::string(kGood) + "  - name: \"<\\\"&\"\n    request: x\n    expect: {status: 200}\n";
  const Said json = tried(tests, {"--output", "json"});
  CHECK(json.code == 1);
  const auto run = nlohmann::json::parse(json.text);
  CHECK(run["passed"] == 2);
  CHECK(run["failed"] == 1);
  CHECK(run["cases"][0] == nlohmann::json{{"name", "a toaster"},
                                          {"file", "a.test.yaml"},
                                          {"line", 3},
                                          {"passed", true},
                                          {"failures", nlohmann::json::array()}});
  CHECK(run["cases"][2]["failures"][0] == "status: expected 200, got 400");
  CHECK(run["coverage"]["rules"] == 3);
  CHECK(run["coverage"]["reached"] == 2);
  CHECK(run["coverage"]["unreached"] == nlohmann::json{"never"});

  const TemporaryFolder folder;
  const std::string report = folder.path() + "/report.xml";
  CHECK(tried(tests, {"--junit", report}).code == 1);
  const std::string xml = read_file(report);
  CHECK(xml.find("<testsuites name=\"allocd\" tests=\"3\" failures=\"1\"") != std::string::npos);
  CHECK(xml.find("<testcase name=\"&lt;&quot;&amp;\"") != std::string::npos);
  CHECK(xml.find("<failure message=\"status: expected 200, got 400\">") != std::string::npos);
  CHECK(tried(tests, {"--junit", folder.path() + "/no/report.xml"}).text.find("cannot write") !=
        std::string::npos);
}

TEST_CASE("test: --run picks tests by their names") {
  const Said one_of_two = tried(kGood, {"--run", "^early$"});
  CHECK(one_of_two.code == 0);
  CHECK(one_of_two.text ==
        "ok    early\n"
        "1 test (1 left out), 0 failed; 1 of 3 rules reached (33.3 %)\n"
        "no test reaches `toaster` (rules.yaml:6)\n"
        "no test reaches `never` (rules.yaml:14)\n");
  const auto run =
      nlohmann::json::parse(tried(kGood, {"--run", "toaster", "--output", "json"}).text);
  CHECK(run["passed"] == 1);
  CHECK(run["leftOut"] == 1);
  CHECK(run["cases"][0]["name"] == "a toaster");

  struct Case {
    std::string name;
    std::vector<std::string> arguments;
    int code;
    std::string said;
  };
  const Case cases[] = {
      {"nothing has such a name", {"--run", "x+y"}, 1, "`x+y` is in the name of none of 2"},
      {"no regular expression", {"--run", "("}, 2, "`--run` `(` is no regular expression"},
      {"coverage of a part", {"--run", "a", "--min-coverage", "1"}, 2, "goes without `--run`"},
      {"mutants and a part", {"--run", "a", "--mutate"}, 2, "goes without `--run`"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Said said = tried(kGood, c.arguments);
    CHECK(said.code == c.code);
    CHECK(said.text.find(c.said) != std::string::npos);
  }
}

TEST_CASE("test: --output json tells of branches, and of what keeps tests from running") {
  const std::string rules = std::string(kRules) +
                            "  - name: branches\n"
                            "    match:\n"
                            "      any: [{payload.x: 1}, {payload.x: 2}]\n"
                            "    allocate:\n"
                            "      hub: [eu-*, us-*]\n"
                            "      onNoHub: continue\n";
  const TemporaryFolder folder;
  const std::string rule_file = folder.write("rules.yaml", rules);
  folder.write("a.test.yaml",
               one("{registrationId: a, payload: {x: 2}, linkedHubs: [eu-1.h]}", "{hub: eu-1}"));
  const auto run = nlohmann::json::parse(allocd_test({folder.path(), "--output", "json"}).text);
  CHECK(run["coverage"]["percent"] == 25.0);
  CHECK(run["coverage"]["branches"]["total"] == 5);
  CHECK(run["coverage"]["branches"]["reached"] == 2);
  const auto& unreached = run["coverage"]["branches"]["unreached"];
  CHECK(unreached[0] == nlohmann::json{{"rule", "branches"},
                                       {"file", rule_file},
                                       {"line", 19},
                                       {"kind", "any"},
                                       {"text", "branch 1 of `any`"}});
  CHECK(unreached[1]["text"] == "hub pattern `us-*`");
  CHECK(unreached[1]["kind"] == "hub");
  CHECK(unreached[1]["line"] == 21);
  CHECK(unreached[2]["kind"] == "onNoHub");
  CHECK(unreached[2]["line"] == 22);

  folder.write("a.test.yaml", one("a", "{stauts: 400}"));
  const Said broken = allocd_test({folder.path(), "--output", "json"});
  CHECK(broken.code == 1);
  const auto report = nlohmann::json::parse(broken.text);
  CHECK(report["ok"] == false);
  CHECK(report["diagnostics"][0]["file"] == folder.path() + "/a.test.yaml");
  CHECK(report["diagnostics"][0]["code"] == "unknown-key");
}

TEST_CASE("test: --mutate tells what no test notices") {
  const std::string rules = "rules:\n  - {name: a, match: {registrationId: a}, reject: a}\n";
  const TemporaryFolder folder;
  const std::string rule_file = folder.write("rules.yaml", rules);
  folder.write("a.test.yaml", one("a", "{rule: a}"));
  const Said less = allocd_test({folder.path(), "--mutate"});
  CHECK(less.code == 1);
  CHECK(less.text ==
        "ok    t\n1 test, 0 failed; 1 of 1 rule reached (100.0 %)\n"
        "2 mutants: 1 noticed, 1 not noticed\n"
        "no test fails if `registrationId` of `a` is not asked for (" +
            rule_file + ":2)\n");
  CHECK(allocd_test({folder.path()}).code == 0);
  const auto json =
      nlohmann::json::parse(allocd_test({folder.path(), "--mutate", "--output", "json"}).text);
  CHECK(json["mutants"]["tried"] == 2);
  CHECK(json["mutants"]["noticed"] == 1);
  CHECK(json["mutants"]["equivalent"] == 0);
  CHECK(json["mutants"]["unnoticed"][0] ==
        nlohmann::json{{"rule", "a"},
                       {"file", rule_file},
                       {"line", 2},
                       {"change", "broaden"},
                       {"text", "no test fails if `registrationId` of `a` is not asked for"}});

  folder.write("b.test.yaml", one("b", "{rule: null}"));
  const Said all = allocd_test({folder.path(), "--mutate"});
  CHECK(all.code == 0);
  CHECK(all.text.find("2 mutants: 2 noticed, 0 not noticed\n") != std::string::npos);

  folder.write("b.test.yaml", one("b", "{rule: a}"));
  const Said failing = allocd_test({folder.path(), "--mutate"});
  CHECK(failing.code == 1);
  CHECK(failing.text.find("--mutate waits until all tests pass") != std::string::npos);
  CHECK(failing.text.find("mutants:") == std::string::npos);
}

TEST_CASE("test: --watch runs again when a file changes, is broken, or gone") {
  const TemporaryFolder folder;
  folder.write("rules.yaml", kRules);
  folder.write("a.test.yaml", kGood);
  const std::string report = folder.path() + "/report.xml";
  Process process({ALLOCD_BINARY, "test", folder.path(), "--watch", "--junit", report});
  CHECK(process.output_with(":14)\n"));

  struct Step {
    std::string name;
    std::string file;
    std::string text;  // empty: the file is removed
    std::string said;
  };
  const Step steps[] = {
      {"a test more", "b.test.yaml", one("tstr", "{rule: null}"), "3 tests, 0 failed"},
      {"a broken rule file", "rules.yaml", "rules: [", "nothing was tested, see above"},
      {"as it was", "rules.yaml", kRules, "3 tests, 0 failed"},
      {"a request that is not there", "b.test.yaml",
       "tests:\n  - {name: t, requestFile: b.json, expect: {status: 400}}\n",
       "cannot read the request `b.json`"},
      {"now it is", "b.json", "{}", "3 tests, 0 failed"},
      {"no rules", "rules.yaml", "", "no rule file in this directory"},
      {"rules elsewhere", "more/rules.yaml", kRules, "3 tests, 0 failed"},
      {"a table that is read", "more/more.yaml",
       "lookups: {row: {table: ../rows.csv, key: registrationId}}\n", "cannot read table"},
      {"and appears", "rows.csv", "id,a\nx,y\n", "3 tests, 0 failed"},
  };
  for (const Step& step : steps) {
    CAPTURE(step.name);
    process.forget_output();
    if (step.text.empty()) {
      std::filesystem::remove(folder.path() + "/" + step.file);
    } else {
      std::filesystem::create_directories(
          std::filesystem::path(folder.path() + "/" + step.file).parent_path());
      folder.write(step.file, step.text);
    }
    // The last line of a round, of one that could run and of one that could not.
    const bool runs = step.said.ends_with("failed");
    const auto said = process.output_with(runs ? ":14)\n" : "see above\n");
    CAPTURE(process.output());
    REQUIRE(said);
    CHECK(said->find(step.said) != std::string::npos);
    CHECK(said->starts_with("\n---- "));
    CHECK(said->find("\n---- ", 1) == std::string::npos);
  }
  process.send_signal(SIGINT);
  CHECK_FALSE(process.exit_code());  // ended by the signal itself
  CHECK(read_file(report).find("tests=\"3\"") != std::string::npos);
  CHECK(tried(kGood, {"--watch", "--output", "json"}).code == 2);
}

TEST_CASE("test: --watch minds what tests depend on, and nothing else") {
  const TemporaryFolder folder;
  const std::string rule_file = folder.write("rules.yaml", kRules);
  folder.write("a.test.yaml",
               "tests:\n  - {name: t, requestFile: body.txt, expect: {status: 400}}\n");
  folder.write("body.txt", "{}");
  struct Case {
    std::string name;
    std::string file;
    bool counts;
  };
  const Case cases[] = {
      {"a rule file", "rules.yaml", true},  {"another rule file", "more/a.yml", true},
      {"a test file", "b.test.yaml", true}, {"a request", "body.txt", true},
      {"a report", "report.xml", false},    {"an editor's copy", "rules.yaml~", false},
      {"a hidden file", ".a.yaml", false},  {"a table that nobody reads", "t.csv", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    allocd::TestFiles files({folder.path()});
    files.begin();
    files.add(allocd::load_rules({folder.path()}), allocd::load_tests({folder.path()}));
    CHECK_FALSE(files.have_changed());
    std::filesystem::create_directories(folder.path() + "/more");
    folder.write(c.file, "another text\n");
    CHECK(files.have_changed() == c.counts);
    std::filesystem::remove(folder.path() + "/" + c.file);
    folder.write("rules.yaml", kRules);
    folder.write("body.txt", "{}");
  }
}
