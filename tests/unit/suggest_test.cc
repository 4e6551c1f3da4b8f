// Tests that are suggested for rules without one: they can be read, pass, and reach their rules.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analysis/run_tests.h"
#include "analysis/suggest_tests.h"
#include "cli/test_file_text.h"
#include "rulefile/load_rules.h"
#include "rulefile/test_file.h"
#include "rulefile/yaml_tree.h"
#include "support/random_matches.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

// 2026-11-23T03:00:00Z
const Moment kNow = Moment(std::chrono::seconds(1795402800));

struct Loaded {
  std::vector<std::unique_ptr<SourceFile>> files;
  LoadedRules loaded;
};

Loaded rules_of(const std::string& text) {
  Loaded out;
  out.files.push_back(std::make_unique<SourceFile>("rules/r.yaml", "r.yaml", text));
  out.loaded = load_rules_from(out.files, {}, {}, Spec::Keep);
  for (const Diagnostic& d : out.loaded.diagnostics.all()) CAPTURE(render(d));
  REQUIRE_MESSAGE(out.loaded.rules, text);
  return out;
}

struct Suggested {
  Reachability reach;
  SuggestedTests tests;
  std::string file;
  TestRun run;  // of the tests as they are read from the file
  std::vector<TestCase> cases;
};

// Suggestions for all rules, printed, read and run at another moment.
std::unique_ptr<Suggested> suggest_all(const LoadedRules& loaded,
                                       std::vector<std::string> linked_hubs = {}) {
  auto out = std::make_unique<Suggested>();
  ReachabilityCache cache;
  out->reach = analyse_reachability(*loaded.rules, cache, {.shortest_ids = false, .fields = true});
  std::vector<std::size_t> wanted(loaded.rules->rules().size());
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = i;
  out->tests =
      suggest_tests(*loaded.rules, *loaded.spec, out->reach, wanted,
                    {.rules = wanted.size(), .linked_hubs = std::move(linked_hubs), .now = kNow});
  std::ostringstream text;
  print_test_file(out->tests, *loaded.rules, text);
  out->file = text.str();
  const SourceFile file("s.test.yaml", "s.test.yaml", out->file);
  Diagnostics diagnostics;
  for (TestSpec& test : parse_test_file(file, diagnostics))
    out->cases.push_back({test.name.value, "s.test.yaml", 0,
                          request_body(std::get<SampleRequest>(test.request)).dump(),
                          std::move(test.expect)});
  const bool none = std::all_of(out->tests.rules.begin(), out->tests.rules.end(),
                                [](const Suggestion& each) { return each.tests.empty(); });
  for (const Diagnostic& d : diagnostics.all()) CHECK_MESSAGE(none, render(d) << out->file);
  out->run = run_tests(*loaded.rules, *loaded.spec, out->cases, kNow + std::chrono::hours(10));
  return out;
}

// What is promised of suggestions whatever the rules are. Returns how many near misses there are.
std::size_t check(const LoadedRules& loaded, const Suggested& suggested) {
  CAPTURE(suggested.file);
  std::size_t near_misses = 0;
  for (const TestResult& result : suggested.run.results) {
    CAPTURE(result.test->name);
    CHECK_MESSAGE(result.passed(), result.failures.front());
  }
  auto test = suggested.cases.begin();
  for (const Suggestion& suggestion : suggested.tests.rules) {
    const std::string& rule = loaded.rules->rules()[suggestion.rule].name;
    CAPTURE(rule);
    CHECK(suggestion.tests.empty() != suggestion.why_not.empty());
    CHECK(suggestion.tests.size() <= 2);
    for (std::size_t i = 0; i < suggestion.tests.size(); ++i, ++test) {
      REQUIRE(test != suggested.cases.end());
      CHECK((*test->expect.rule == rule) == (i == 0));
      // What was read is what was meant.
      CHECK(test->body == request_body(suggestion.tests[i].request).dump());
    }
    if (suggestion.tests.size() == 2) ++near_misses;
  }
  CHECK(test == suggested.cases.end());
  return near_misses;
}

// No rule that can decide is left out.
void check_reached(const LoadedRules& loaded, const Suggested& suggested) {
  CAPTURE(suggested.file);
  for (const Located<std::string>& name : suggested.run.coverage.unreached) {
    std::size_t rule = 0;
    while (loaded.rules->rules()[rule].name != name.value) ++rule;
    CAPTURE(name.value);
    CHECK(suggested.reach.rules[rule].status != RuleReach::Status::Reachable);
  }
}

}  // namespace

TEST_CASE("suggest: every worked set gets tests that pass and reach its rules") {
  std::size_t sets = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(ALLOCD_SOURCE_DIR) / "rules")) {
    const std::string path = entry.path().string();
    CAPTURE(path);
    const LoadedRules loaded = load_rules({path}, Spec::Keep);
    REQUIRE(loaded.rules);
    const auto suggested = suggest_all(loaded);
    check(loaded, *suggested);
    check_reached(loaded, *suggested);
    ++sets;
    // Rules that allocate do so: hubs and what else they need are made up.
    for (const TestCase& test : suggested->cases) {
      CAPTURE(test.name);
      for (const Rule& rule : loaded.rules->rules())
        if (rule.name == test.name && std::holds_alternative<Allocation>(rule.outcome))
          CHECK(test.expect.hub.has_value());
    }
  }
  CHECK(sets > 7);
}

TEST_CASE("suggest: what is made up for a rule, and what comes close to it") {
  struct Case {
    std::string name;
    std::string rules;                  // the last of them counts
    std::vector<std::string> expected;  // parts of what is printed
  };
  const Case cases[] = {
      {"a character",
       "{name: a, match: {registrationId: lab-1}, allocate: {hub: 'lab-*'}}",
       {"{registrationId: lab-1}\n    expect: {rule: a, status: 200, hub: "
        "lab-any.azure-devices.net}",
        "{registrationId: lab-2}\n    expect: {rule: null, status: 400, reason: Unrecognized "
        "device registration.}"}},
      {"a bound",
       "{name: a, match: {payload.n: {gte: 3}}, reject: x}",
       {R"(payload: {"n": 3})", "not quite a: payload.n is 2", R"(payload: {"n": 2})"}},
      {"a field that must not be so",
       "{name: a, match: {payload.beta: {not: {equals: true}}}, reject: x}",
       {"request: {registrationId: a}", "payload: {beta: true}"}},
      {"a rule before",
       "{name: z, match: {payload.beta: true}, reject: z}\n  - {name: a, reject: x}",
       {"not quite a: payload.beta is true", "payload: {beta: true}", "{rule: z, status: 400"}},
      {"a field that a text needs",
       "{name: a, match: {registrationId: q}, allocate: {initialTwin: {tags: {n: "
       "'${payload.n|int}', s: '${enrollment.site}'}}}}",
       {"payload: {\"n\": 1}, enrollment: {id: group, site: some}", "hub: any.azure-devices.net"}},
      {"a field that a hub pattern needs",
       "{name: a, match: {registrationId: q}, allocate: {hub: '${payload.r}-*'}}",
       {"payload: {r: some}", "hub: some-any.azure-devices.net"}},
      {"a variable in a hub pattern",
       "{name: a, match: {registrationId: {matches: '(?P<r>eu|us)-1'}}, allocate: {hub: "
       "'h-${r}.example.com'}}",
       {"registrationId: eu-1", "hub: h-eu.example.com"}},
      {"operators on hubs",
       "{name: a, match: {registrationId: q}, allocate: {hub: {startsWith: h-, not: {endsWith: "
       "x}}}}",
       {"hub: h-"}},
      {"a number of a hub",
       "{name: a, match: {registrationId: q}, allocate: {hub: 'h*', pick: 2}}",
       {"- hany.azure", "- hany2.azure", "hub: hany3.azure-devices.net"}},
      {"goes on without a hub",
       "{name: a, match: {registrationId: q}, allocate: {hub: h, onNoHub: continue}}",
       {"hub: h.azure-devices.net"}},
      {"only where there is no hub",
       "{name: z, allocate: {hub: '*', onNoHub: continue}}\n  - {name: a, reject: x}",
       {"linkedHubs: []}\n    expect: {rule: a, status: 400, reason: x}"}},
      {"an attestation and an enrollment",
       "{name: a, match: {attestation: tpm, enrollment.kind: individual}, reject: x}",
       {"{registrationId: a, attestation: tpm, enrollment: {id: group, kind: individual}}"}},
      {"a current hub",
       "{name: a, match: {currentHub: {startsWith: old}}, reject: x}",
       {"currentHub: old"}},
      {"a pattern that is not analysed has examples",
       "{name: a, match: {registrationId: {matches: 'aaaaaaaaaaaaaaa\\b'}}, reject: x, examples: "
       "[aaaaaaaaaaaaaaa]}",
       {"{registrationId: aaaaaaaaaaaaaaa}", "not quite a"}},
      {"a pattern that is not analysed has none",
       "{name: a, match: {registrationId: {matches: 'aaaaaaaaaaaaaaa\\b'}}, reject: x}",
       {"# no test for `a` (r.yaml:2): the pattern has `\\b`\n"}},
      {"never decides",
       "{name: z, reject: z}\n  - {name: a, reject: x}",
       {"# no test for `a` (r.yaml:3): it can never decide, its registration IDs are taken by "
        "`z`\n"}},
      {"beyond what tests can say",
       "{name: a, match: {/x: 1}, reject: x}",
       {"# no test for `a` (r.yaml:2): its request has members that only a `requestFile` can "
        "hold\n"}},
      {"nothing close by",
       "{name: a, reject: x}",
       {"  # no near miss of `a` (r.yaml:2): no single change"}},
      {"a rollout is no near miss",
       "{name: a, match: {registrationId: {startsWith: lab}}, rollout: 50%, reject: x}",
       {"registrationId: lab", "not quite a: another character in the ID", "registrationId: lac"}},
      {"the time of day is left out",
       "{name: a, reject: 'at ${now}'}",
       {"expect: {rule: a, status: 400}\n"}},
      {"odd names and texts",
       "{name: 'null', match: {payload.x: \"yes\\t\"}, reject: \"{1}\\n2\"}",
       {R"(name: "null")", R"(payload: {x: "yes\u0009"})", R"(not quite null: payload.x is \"a\")",
        R"(reason: "{1}\u000a2")"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Loaded rules = rules_of("rules:\n  - " + c.rules + "\n");
    const auto suggested = suggest_all(rules.loaded);
    check(rules.loaded, *suggested);
    for (const std::string& part : c.expected)
      CHECK_MESSAGE(suggested->file.find(part) != std::string::npos, "no `" << part << "` in\n"
                                                                            << suggested->file);
  }
}

TEST_CASE("suggest: so many rules as are wanted, with the hubs that are given") {
  const Loaded rules = rules_of(
      "rules:\n"
      "  - {name: a, match: {/x: 1}, reject: x}\n"
      "  - {name: b, match: {registrationId: b}, allocate: {hub: 'eu-*'}}\n"
      "  - {name: c, match: {registrationId: c}, allocate: {}}\n"
      "  - {name: d, reject: x}\n");
  ReachabilityCache cache;
  const Reachability reach =
      analyse_reachability(*rules.loaded.rules, cache, {.shortest_ids = false, .fields = true});
  const SuggestedTests some = suggest_tests(
      *rules.loaded.rules, *rules.loaded.spec, reach, {0, 1, 2, 3},
      {.rules = 2, .linked_hubs = {"us-1.example.com", "eu-1.example.com"}, .now = kNow});
  REQUIRE(some.rules.size() == 3);
  CHECK(some.left_out == 1);
  CHECK(some.rules[0].tests.empty());
  CHECK(*some.rules[1].tests.at(0).expect.hub == "eu-1.example.com");
  CHECK(*some.rules[2].tests.at(0).expect.hub == "us-1.example.com");
  CHECK(some.linked_hubs == std::vector<std::string>{"us-1.example.com", "eu-1.example.com"});
  std::ostringstream text;
  print_test_file(some, *rules.loaded.rules, text);
  CHECK(text.str().find("\n# 1 rule more without a test; ") != std::string::npos);
}

TEST_CASE("suggest: tests for random sets pass, and reach every rule that can decide") {
  test::RandomMatches random(20261123);
  const std::vector<std::string> outcomes = {
      "reject: x",
      "unauthorized: '${registrationId}'",
      "allocate: {hub: 'a-*'}",
      "allocate: {}",
      "reject: 'no ${payload.y}'",
      "allocate: {hub: ['${payload.x|string}-*', b], initialTwin: {tags: {z: '${payload.z.q}'}}}"};
  std::size_t rules = 0;
  std::size_t near_misses = 0;
  for (int round = 0; round < 60; ++round) {
    std::string text = "rules:\n";
    // Now and then rules that take a device or not, which no analysis knows for sure.
    const bool lenient = round % 3 == 0;
    for (std::size_t i = 2 + random.below(6); i > 0; --i) {
      std::string outcome = outcomes[random.below(outcomes.size())];
      if (lenient && random.below(3) == 0)
        outcome = random.below(2) == 0 ? "allocate: {hub: 'a-*', onNoHub: continue}"
                                       : "rollout: 50%\n    reject: x";
      text += "  - name: r" + std::to_string(i) + "\n    match: " + random.match() + "\n    " +
              outcome + "\n";
      ++rules;
    }
    CAPTURE(text);
    const Loaded loaded = rules_of(text);
    const auto suggested = suggest_all(loaded.loaded);
    near_misses += check(loaded.loaded, *suggested);
    if (!lenient) check_reached(loaded.loaded, *suggested);
  }
  CHECK(rules > 200);
  CHECK(near_misses > 150);
}

TEST_CASE("suggest: texts are read from YAML as they were") {
  const std::string texts[] = {"",
                               "a",
                               "a b",
                               "a  b",
                               " a",
                               "a ",
                               "null",
                               "Yes",
                               "1",
                               "a: b",
                               "a #b",
                               "-x",
                               "\"\\'",
                               "\x7f\x01",
                               "a\n\tb",
                               "\xC2\x85",
                               "\xE2\x80\xA9",
                               "\xEF\xBB\xBF",
                               "\xF0\x9F\x94\xA5",
                               "{a}",
                               "[a",
                               "a, b",
                               "~",
                               ".inf",
                               "0x1f",
                               "*a",
                               "x/y.z-_"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const SourceFile file("t.yaml", "t.yaml",
                          "{" + yaml_text("k" + text) + ": [" + yaml_text(text) + "]}");
    Diagnostics diagnostics;
    const auto tree = parse_yaml(file, diagnostics);
    for (const Diagnostic& d : diagnostics.all()) FAIL_CHECK(render(d));
    REQUIRE(tree);
    CHECK(tree->json() == Json{{"k" + text, Json::array({text})}});
  }
}

}  // namespace allocd
