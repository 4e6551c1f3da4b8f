// `allocd test` as an operator runs it: what passes, what fails and what is said about it.
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

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
        "2 tests, 0 failed; 2 of 3 rules reached (66.7 %)\nno test reaches `never`\n");
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
