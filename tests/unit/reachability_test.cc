// Rules that can never decide, and IDs that reach the others.
#include "analysis/reachability.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analysis/likely_id.h"
#include "analysis/report_unreachable.h"
#include "analysis/rule_cases.h"
#include "policy/request_values.h"
#include "rulefile/load_rules.h"
#include "support/random_matches.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

struct Loaded {
  std::vector<std::unique_ptr<SourceFile>> files;
  LoadedRules loaded;
  const RuleSet& rules() const { return *loaded.rules; }
};

// Rules named a, b, c …, each with the `match` given, refusing.
Loaded rules_with(const std::vector<std::string>& matches) {
  std::string text = "rules:\n";
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const bool whole = matches[i].starts_with("match:");
    text += "  - name: " + std::string(1, static_cast<char>('a' + i)) + "\n    " +
            (whole ? matches[i] : "match: " + matches[i] + "\n    reject: x") + "\n";
  }
  Loaded out;
  out.files.push_back(std::make_unique<SourceFile>("rules/r.yaml", "r.yaml", text));
  out.loaded = load_rules_from(out.files);
  for (const Diagnostic& d : out.loaded.diagnostics.all()) CAPTURE(render(d));
  REQUIRE_MESSAGE(out.loaded.rules, text);
  return out;
}

// Without the search for shortest IDs, verdicts are the same; or better, where an ID comes to mind
// that is not found step by step.
void check_verdicts(const Loaded& loaded, const Reachability& expected) {
  ReachabilityCache cache;
  const Reachability quick = analyse_reachability(loaded.rules(), cache, {.shortest_ids = false});
  REQUIRE(quick.rules.size() == expected.rules.size());
  CHECK(quick.rules_in_time == expected.rules_in_time);
  for (std::size_t i = 0; i < quick.rules.size(); ++i) {
    const RuleReach& reach = quick.rules[i];
    const RuleReach& wanted = expected.rules[i];
    CAPTURE(i);
    CAPTURE(reach.registration_id);
    CHECK(reach.covered_by == wanted.covered_by);
    if (reach.status == RuleReach::Status::Reachable) {
      CHECK(wanted.status != RuleReach::Status::Unreachable);
      CHECK(reach.registration_id.size() >= wanted.registration_id.size());
      CHECK(!reach.registration_id.empty());
    } else {
      CHECK(status_name(reach.status) == status_name(wanted.status));
      CHECK(reach.why == wanted.why);
    }
  }
}

Reachability analysed(const Loaded& loaded, std::size_t overlaps = 0) {
  ReachabilityCache cache;
  Reachability out = analyse_reachability(loaded.rules(), cache, {.overlaps = overlaps});
  check_verdicts(loaded, out);
  return out;
}

// "reachable a1", "unreachable by a, b", "not analysed: why".
std::string in_words(const Loaded& loaded, const RuleReach& reach) {
  std::string out(status_name(reach.status));
  if (!reach.registration_id.empty()) out += " " + reach.registration_id;
  for (const std::size_t rule : reach.covered_by)
    out += (rule == reach.covered_by.front() ? " by " : ", ") + loaded.rules().rules()[rule].name;
  if (!reach.why.empty()) out += ": " + reach.why;
  return out;
}

bool matches(const RuleSet& rules, const Rule& rule, const AllocationRequest& request) {
  Captures captures(rule.variables.size());
  return rule.match.holds(rules.fields().read(request), captures);
}

}  // namespace

TEST_CASE("reachability: what becomes of the last rule") {
  struct Case {
    const char* name;
    std::vector<std::string> matches;
    const char* expected;
  };
  const std::string go_on =
      "match: {registrationId: {startsWith: a}}\n    allocate: {onNoHub: continue}";
  const std::string allocates = "match: {registrationId: {startsWith: a}}\n    allocate: {}";
  const Case cases[] = {
      {"alone", {"{registrationId: {startsWith: lab-}}"}, "reachable lab-"},
      {"no matcher", {"{}"}, "reachable a"},
      {"prefix in prefix",
       {"{registrationId: {startsWith: lab}}", "{registrationId: {startsWith: lab-}}"},
       "unreachable by a"},
      {"in another order",
       {"{registrationId: {startsWith: lab-}}", "{registrationId: {startsWith: lab}}"},
       "reachable lab"},
      {"catch-all first", {"{}", "{registrationId: x}"}, "unreachable by a"},
      {"letters are folded",
       {"{registrationId: {startsWith: LAB}}", "{registrationId: {matches: 'lab[0-9]+'}}"},
       "unreachable by a"},
      {"unless somebody tells them apart",
       {"{registrationId: {startsWith: LAB, ignoreCase: false}}",
        "{registrationId: {matches: 'lab[0-9]+'}}"},
       "reachable lab0"},
      {"told apart, and both there",
       {"{registrationId: {in: [X, x], ignoreCase: false}}", "{registrationId: x}"},
       "unreachable by a"},
      {"two together",
       {"{registrationId: {endsWith: '1'}}", "{registrationId: {matches: '.*[023456789]'}}",
        "{registrationId: {search: '[0-9]$'}}"},
       "unreachable by a, b"},
      {"one of three is enough",
       {"{registrationId: {contains: x}}", "{registrationId: {contains: y}}",
        "{registrationId: {startsWith: yy}}"},
       "unreachable by b"},
      {"list",
       {"{registrationId: {glob: 'a?'}}", "{registrationId: [a1, A2]}"},
       "unreachable by a"},
      {"list with one more",
       {"{registrationId: {glob: 'a?'}}", "{registrationId: [a1, A23]}"},
       "reachable a23"},
      {"not",
       {"{registrationId: {not: {contains: x}}}", "{registrationId: {startsWith: y}}"},
       "reachable yx"},
      {"not around",
       {"{not: {registrationId: {contains: x}}}", "{registrationId: {contains: x}}",
        "{registrationId: q}"},
       "unreachable by a"},
      {"any of several",
       {"{any: [{registrationId: {startsWith: a}}, {registrationId: {startsWith: b}}]}",
        "{registrationId: {matches: '[ab].*'}}"},
       "unreachable by a"},
      {"each of any",
       {"{registrationId: {startsWith: a}}", "{registrationId: {startsWith: b}}",
        "{any: [{registrationId: {startsWith: ab}}, {registrationId: {startsWith: bc}}]}"},
       "unreachable by a, b"},
      {"no valid ID", {"{registrationId: {endsWith: '.'}}"}, "unreachable"},
      {"no ID is a number", {"{}", "{registrationId: {gt: 3}}"}, "unreachable"},
      {"exists", {"{registrationId: {exists: true}}", "{}"}, "unreachable by a"},
      {"other fields of the first are not asked of the last",
       {"{registrationId: {startsWith: a}, payload.x: 1}", "{registrationId: {startsWith: a}}"},
       "reachable a"},
      {"other fields of the last are narrower",
       {"{registrationId: {startsWith: a}, payload.x: {in: [1, 2]}}",
        "{registrationId: {startsWith: a}, payload.x: 1, payload.y: 2}"},
       "unreachable by a"},
      {"other fields exclude each other", {"{payload.x: 1}", "{payload.x: 2}"}, "reachable a"},
      {"other fields cover together only",
       {"{payload.x: 1}", "{payload.x: {not: {equals: 1}}}", "{}"},
       "not analysed: no request was found that reaches it"},
      {"a request steps aside", {"{not: {payload.blocked: true}}", "{}"}, "reachable a"},
      {"a request with what it needs",
       {"{payload.x: {gte: 3, lt: 4}, payload.y: {matches: 'v[0-9]'}, enrollment.kind: individual, "
        "enrollment.id: {startsWith: g}, payload.z: {version: '>=1.2 <2'}, attestation: tpm, "
        "currentHub: {exists: true}, '/x/y': {contains: q}}"},
       "reachable a"},
      {"goes on without a hub", {go_on, "{registrationId: {startsWith: ab}}"}, "reachable ab"},
      {"going on is reached", {go_on}, "reachable a"},
      {"refused without a hub",
       {allocates, "{registrationId: {startsWith: ab}}"},
       "unreachable by a"},
      {"a pattern beyond, and the engine knows",
       {"{registrationId: {matches: 'a\\b.*'}}", "{registrationId: {startsWith: a}}"},
       "reachable aa"},
      {"a pattern beyond, and no ID found",
       {"{registrationId: {matches: 'aaaaaaaaaaaaa\\b'}}"},
       "not analysed: the pattern has `\\b`"},
      {"a pattern beyond under a catch-all",
       {"{}", "{registrationId: {matches: 'a\\b'}}"},
       "unreachable by a"},
      {"a pattern beyond is no cover",
       {"{registrationId: {matches: '[[:alpha:]].*'}}", "{registrationId: {startsWith: 'a'}}"},
       "not analysed: no request was found that reaches it"},
      {"a version of the ID",
       {"{registrationId: {version: '>=3'}}"},
       "not analysed: `version` of the registration ID"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Loaded loaded = rules_with(c.matches);
    CHECK(in_words(loaded, analysed(loaded).rules.back()) == c.expected);
  }
}

TEST_CASE("reachability: one demand makes sure of another") {
  struct Case {
    const char* earlier;
    const char* later;
    bool covered;
  };
  const Case cases[] = {
      {"{payload.x: 1}", "{payload.x: 1}", true},
      {"{payload.x: 1}", "{payload.x: 1.0}", true},
      {"{payload.x: 1}", "{payload.x: '1'}", false},
      {"{payload.x: [1, 2]}", "{payload.x: 2}", true},
      {"{payload.x: [1, 2]}", "{payload.x: [1, 3]}", false},
      {"{payload.x: {exists: true}}", "{payload.x: {contains: q}}", true},
      {"{payload.x: {exists: true}}", "{payload.x: {not: {contains: q}}}", false},
      {"{payload.x: {exists: true}}", "{payload.x: {not: {exists: false}}}", true},
      {"{payload.x: {exists: false}}", "{payload.x: {not: {exists: true}}}", true},
      {"{payload.x: {not: {equals: 1}}}", "{payload.x: {exists: false}}", true},
      {"{payload.x: {not: {equals: 1}}}", "{payload.x: 2}", true},
      {"{payload.x: {not: {equals: 1}}}", "{payload.x: 1}", false},
      {"{payload.x: {gt: 1}}", "{payload.x: {gt: 2}}", true},
      {"{payload.x: {gt: 1}}", "{payload.x: {gte: 1}}", false},
      {"{payload.x: {gte: 1}}", "{payload.x: {gt: 1}}", true},
      {"{payload.x: {lt: 5}}", "{payload.x: {lte: 4}}", true},
      {"{payload.x: {lt: 5}}", "{payload.x: {gt: 6}}", false},
      {"{payload.x: {lt: 5}}", "{payload.x: [1, 4]}", true},
      {"{payload.x: {lt: 5}}", "{payload.x: [1, 5]}", false},
      {"{payload.x: {startsWith: ab}}", "{payload.x: {startsWith: abc}}", true},
      {"{payload.x: {startsWith: ab}}", "{payload.x: {contains: abc}}", false},
      {"{payload.x: {contains: b}}", "{payload.x: {endsWith: abc}}", true},
      {"{payload.x: {contains: B}}", "{payload.x: {endsWith: abc}}", false},
      {"{payload.x: {contains: B, ignoreCase: true}}", "{payload.x: {endsWith: abc}}", true},
      {"{payload.x: {contains: b}}", "{payload.x: {endsWith: abc, ignoreCase: true}}", false},
      {"{payload.x: abc}", "{payload.x: {equals: abc, ignoreCase: true}}", false},
      {"{payload.x: {glob: 'A*', ignoreCase: true}}",
       "{payload.x: {equals: abc, ignoreCase: true}}", true},
      {"{payload.x: {matches: '(?-i:a).*', ignoreCase: true}}",
       "{payload.x: {equals: abc, ignoreCase: true}}", false},
      {"{payload.x: {matches: 'a.*'}}", "{payload.x: [ab, ac]}", true},
      {"{payload.x: {version: '>1'}}", "{payload.x: '2.0'}", true},
      {"{payload.x: {version: '>1'}}", "{payload.x: 2}", false},
      {"{payload.x: {matches: 'a.*b'}}", "{payload.x: {matches: 'a.*b'}}", true},
      {"{payload.x: {matches: 'a.*b'}}", "{payload.x: {search: 'a.*b'}}", false},
      {"{payload.x: {matches: 'a.*b'}}", "{payload.x: {matches: 'a.*b', ignoreCase: true}}", false},
      {"{payload.x: 1}", "{payload.y: 1}", false},
      {"{enrollment.id: Plant}", "{enrollment.id: plant}", true},
      {"{any: [{payload.x: 1}, {payload.y: 1}]}", "{payload.y: 1, payload.z: 1}", true},
      {"{not: {payload.x: 1, payload.y: 1}}", "{payload.y: 2}", true},
      {"{payload.x: 9007199254740992.0}", "{payload.x: 9007199254740993}", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.earlier);
    CAPTURE(c.later);
    const Loaded loaded = rules_with({c.earlier, c.later});
    const RuleReach reach = analysed(loaded).rules[1];
    CAPTURE(in_words(loaded, reach));
    CHECK((reach.status == RuleReach::Status::Unreachable) == c.covered);
  }
}

struct Counts {
  int unreachable = 0;
  int not_analysed = 0;
};

// Holds the analysis of a set against every request that could tell.
void check_by_trying(const std::vector<std::string>& written, Counts& counts) {
  // Every valid ID of up to three of these letters; the rules' own patterns tell no more apart but
  // for longer ones, which reachable rules may need.
  std::vector<std::string> ids = {""};
  for (std::size_t i = 0; i < ids.size() && ids[i].size() < 3; ++i)
    for (const char c : {'a', 'b', 'A', 'B', '-', '.', 'c'}) ids.push_back(ids[i] + c);
  std::erase_if(ids, [](const std::string& id) { return id.empty() || id.back() == '.'; });
  const std::vector<std::optional<Json>> values = {std::nullopt, Json(1), Json(2), Json(0),
                                                   Json("1")};
  const Loaded loaded = rules_with(written);
  const auto& rules = loaded.rules().rules();
  const Reachability result = analysed(loaded, 100);
  std::vector<std::size_t> shortest(rules.size(), 1000);
  for (const std::string& id : ids) {
    for (const auto& value : values) {
      SampleRequest sample{.registration_id = id};
      if (value) sample.payload = Json{{"x", *value}};
      const AllocationRequest request = sample_allocation_request(sample);
      const FieldValues fields = loaded.rules().fields().read(request);
      for (std::size_t i = 0; i < rules.size(); ++i) {
        Captures captures(rules[i].variables.size());
        if (!rules[i].match.holds(fields, captures)) continue;
        shortest[i] = std::min(shortest[i], id.size());
        break;
      }
    }
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const RuleReach& reach = result.rules[i];
    std::string all;
    for (const std::string& m : written) all += m + "\n";
    CAPTURE(all);
    CAPTURE(rules[i].name);
    CAPTURE(in_words(loaded, reach));
    CAPTURE(shortest[i]);
    switch (reach.status) {
      case RuleReach::Status::Unreachable:
        ++counts.unreachable;
        CHECK(shortest[i] == 1000);
        break;
      case RuleReach::Status::NotAnalysed: ++counts.not_analysed; break;
      case RuleReach::Status::Reachable:
        // With the values that are tried here, it can take a longer one.
        if (reach.registration_id.size() <= 3) CHECK(shortest[i] <= reach.registration_id.size());
        break;
    }
  }
  for (const Overlap& overlap : result.overlaps) CHECK(overlap.first < overlap.second);
}

// Small sets of random rules: every request that could tell is asked.
TEST_CASE("reachability: verdicts of random sets are what trying everything says") {
  test::RandomMatches random(2026);
  Counts counts;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> written;
    for (std::size_t i = 2 + random.below(4); i > 0; --i) written.push_back(random.match());
    check_by_trying(written, counts);
  }
  CHECK(counts.unreachable > 12);
  CHECK(counts.not_analysed < 25);
}

// So many that rules in the way are found by the set's index.
TEST_CASE("reachability: verdicts of larger random sets are what trying everything says") {
  test::RandomMatches random(7);
  Counts counts;
  for (int round = 0; round < 15; ++round) {
    std::vector<std::string> written;
    for (std::size_t i = 10 + random.below(14); i > 0; --i)
      written.push_back(random.narrow_match());
    check_by_trying(written, counts);
  }
  CHECK(counts.unreachable > 100);
  CHECK(counts.not_analysed < 10);
}

TEST_CASE("reachability: IDs that come to mind") {
  struct Case {
    const char* match;
    const char* expected;  // null: none
  };
  const Case cases[] = {
      {"{}", "a"},
      {"{payload.x: 1}", "a"},
      {"{registrationId: lab-1}", "lab-1"},
      {"{registrationId: [x.1, y]}", "x.1"},
      {"{registrationId: {startsWith: lab-}}", "lab-"},
      {"{registrationId: {startsWith: lab.}}", "lab.a"},
      {"{registrationId: {startsWith: lab, contains: -x-, endsWith: '7'}}", "lab-x-7"},
      {"{registrationId: {glob: 'a*b?c'}}", "abac"},
      {"{registrationId: {matches: 'dev-(eu|us)[0-9]{3}x*'}}", "dev-eu000"},
      {"{registrationId: {search: '^(q|r)-\\d+$'}}", "q-0"},
      {"{registrationId: {startsWith: p, search: '-[0-9]{2}-'}}", "p-00-"},
      {"{registrationId: {matches: '(a*){1000}b'}}", "b"},
      {"{registrationId: {matches: 'a{129}'}}", nullptr},
      {"{registrationId: {contains: /}}", nullptr},
      {"{registrationId: {endsWith: '.'}}", nullptr},
      {"{registrationId: {matches: 'a\\b.*'}}", nullptr},
      {"{registrationId: {startsWith: a, not: {equals: a}}}", nullptr},
      {"{registrationId: {not: {equals: b}}}", "a"},
      {"{registrationId: {gt: 3}}", nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.match);
    const Loaded loaded = rules_with({c.match});
    const RuleCases apart = cases_of(loaded.rules().rules()[0]);
    REQUIRE(apart.cases.size() == 1);
    const auto id = likely_id(apart.cases[0].on_id);
    CHECK(id == (c.expected != nullptr ? std::optional<std::string>(c.expected) : std::nullopt));
  }
}

TEST_CASE(
    "reachability: what needs no search is not searched for, unless the shortest ID is asked") {
  const Loaded loaded =
      rules_with({"{registrationId: {matches: 'a.*b{2}'}}", "{registrationId: [ab, x9]}", "{}"});
  ReachabilityCache cache;
  const Reachability any = analyse_reachability(loaded.rules(), cache, {.shortest_ids = false});
  CHECK(any.count(RuleReach::Status::Reachable) == 3);
  CHECK(cache.searches() == 0);
  analyse_reachability(loaded.rules(), cache, {});
  CHECK(cache.searches() > 0);
}

// A single search may take long.
TEST_CASE("reachability: a search ends when time is up") {
  const Loaded loaded = rules_with(
      {"{registrationId: {matches: '.*[a-d]'}}",
       "{registrationId: {matches: '[a-d]*[ac][a-d]{10}', search: '^[a-d]*[ab][a-d]{10}$'}}"});
  CHECK(in_words(loaded, analysed(loaded).rules[1]) ==
        "not analysed: its registration IDs take too many states");
  ReachabilityCache cache;
  int asked = 0;
  const auto later = [&] { return ++asked > 20; };
  const Reachability result = analyse_reachability(loaded.rules(), cache, {.time_is_up = later});
  CHECK(in_words(loaded, result.rules[1]) == "not analysed: time was up while it was looked at");
  CHECK(asked < 30);
  // What was given up is not remembered.
  const Reachability again = analyse_reachability(loaded.rules(), cache, {});
  CHECK(in_words(loaded, again.rules[1]) ==
        "not analysed: its registration IDs take too many states");
}

// Other fields without a value to try: all rules before are looked at.
TEST_CASE("reachability: a rule is covered though no request for it can be made up") {
  std::vector<std::string> matches(10, "{registrationId: {startsWith: q}}");
  for (std::size_t i = 0; i < matches.size(); ++i)
    matches[i] = "{registrationId: {startsWith: q" + std::to_string(i) + "}}";
  matches.push_back("{payload.x: {matches: '\\pL\\pN\\pL'}}");
  matches.push_back("{registrationId: {startsWith: q7-}, payload.x: {matches: '\\pL\\pN\\pL'}}");
  matches.push_back("{registrationId: x, payload.x: {matches: '\\pL\\pN\\pL'}}");
  const Loaded loaded = rules_with(matches);
  const Reachability result = analysed(loaded);
  CHECK(in_words(loaded, result.rules[10]) ==
        "not analysed: no request was found that holds its other matchers");
  CHECK(in_words(loaded, result.rules[11]) == "unreachable by k");
  CHECK(in_words(loaded, result.rules[12]) == "unreachable by k");
}

TEST_CASE("reachability: overlaps are shown by an ID on which the order decides") {
  const Loaded loaded =
      rules_with({"{registrationId: {startsWith: a}}", "{registrationId: {endsWith: b}}",
                  "{registrationId: {startsWith: c}, payload.x: 1}",
                  "{registrationId: {startsWith: c}, payload.x: 2}", "{}"});
  const Reachability result = analysed(loaded, 100);
  std::vector<std::string> found;
  for (const Overlap& o : result.overlaps)
    found.push_back(loaded.rules().rules()[o.first].name + loaded.rules().rules()[o.second].name +
                    " " + o.registration_id);
  CHECK(found ==
        std::vector<std::string>{"ab ab", "bc cb", "bd cb", "ae a", "be b", "ce c", "de c"});
  CHECK(result.overlaps_left_out == 0);
  for (const Overlap& o : result.overlaps)
    CHECK(matches(loaded.rules(), loaded.rules().rules()[o.first],
                  sample_allocation_request({.registration_id = o.registration_id,
                                             .payload = Json{{"x", o.first == 3 ? 2 : 1}}})));
  const Reachability fewer = analysed(loaded, 3);
  CHECK(fewer.overlaps.size() == 3);
  CHECK(fewer.overlaps_left_out == 5);
}

TEST_CASE("reachability: an analysis searches only for what changed") {
  const Loaded before =
      rules_with({"{registrationId: {startsWith: a}}", "{registrationId: {matches: 'b[0-9]+'}}",
                  "{registrationId: {startsWith: ab}}"});
  ReachabilityCache cache;
  analyse_reachability(before.rules(), cache, {});
  CHECK(cache.searches() > 0);
  const Reachability again = analyse_reachability(before.rules(), cache, {});
  CHECK(cache.searches() == 0);
  CHECK(in_words(before, again.rules[2]) == "unreachable by a");
  // The rule in the way is gone: what it took is known to be free again, without asking why.
  const Loaded after =
      rules_with({"{registrationId: {startsWith: ac}}", "{registrationId: {matches: 'b[0-9]+'}}",
                  "{registrationId: {startsWith: ab}}"});
  const Reachability changed = analyse_reachability(after.rules(), cache, {});
  CHECK(cache.searches() == 1);
  CHECK(in_words(after, changed.rules[2]) == "reachable ab");
}

TEST_CASE("reachability: when time is up, the rest is not analysed") {
  const Loaded loaded = rules_with({"{registrationId: a}", "{registrationId: b}", "{}"});
  ReachabilityCache cache;
  int asked = 0;
  const Reachability result = analyse_reachability(
      loaded.rules(), cache, {.time_is_up = [&] { return ++asked > 2; }, .overlaps = 10});
  CHECK(result.rules[0].status == RuleReach::Status::Reachable);
  CHECK(in_words(loaded, result.rules[2]) == "not analysed: time was up after 1 rule");
  CHECK(result.overlaps.empty());
  CHECK(result.overlaps_left_out == 3);
}

TEST_CASE("reachability: a warning says which rules take it all") {
  const Loaded loaded =
      rules_with({"{registrationId: {startsWith: a}}", "{registrationId: {startsWith: ab}}",
                  "{registrationId: {contains: /}}"});
  Diagnostics diagnostics;
  report_unreachable(loaded.rules(), analysed(loaded), loaded.loaded.rule_names, diagnostics);
  std::string text;
  for (const Diagnostic& d : diagnostics.sorted()) text += render(d);
  CHECK(text ==
        "rules/r.yaml:5:11: warning: rule `b` can never decide: every registration ID that it "
        "accepts is taken by `a` (rules/r.yaml:2) [unreachable-rule]\n"
        "    5 |   - name: b\n"
        "      |           ^\n"
        "      = help: rules are tried top-down: move it before what takes its devices, or remove "
        "it\n"
        "rules/r.yaml:8:11: warning: rule `c` can never decide: it accepts no valid registration "
        "ID [unreachable-rule]\n"
        "    8 |   - name: c\n"
        "      |           ^\n"
        "      = help: an ID is up to 128 letters, digits, `-`, `.`, `_` and `:`, and ends with a "
        "letter, a digit or `-`\n");
  Diagnostics unplaced;
  report_unreachable(loaded.rules(), analysed(loaded), {}, unplaced);
  CHECK(unplaced.all()[0].file == "r.yaml:5");
}

}  // namespace allocd
