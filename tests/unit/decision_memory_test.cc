// The last decisions: found again, explained by the rules that decided them, and forgotten in time.
#include "daemon/decision_memory.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/tried_rules.h"
#include "rulefile/load_rules.h"

using namespace allocd;

namespace {

std::shared_ptr<const RulesInForce> in_force(const std::string& rules,
                                             const std::string& revision = "0123456789ab") {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", "version: 1\nrules:\n" + rules));
  LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all()) MESSAGE(render(diagnostic));
  REQUIRE(loaded.rules);
  return std::make_shared<RulesInForce>(loaded.rules, revision,
                                        std::chrono::system_clock::time_point(), nullptr);
}

constexpr const char* kRules =
    "  - {name: ovens, match: {registrationId: {startsWith: oven-}, payload.model: m1}, "
    "allocate: {hub: \"*\"}}\n"
    "  - {name: bad, match: {registrationId: {startsWith: bad-}}, reject: \"no bad ones\"}\n";

DecisionEvent event_of(const std::shared_ptr<const RulesInForce>& rules, const std::string& id,
                       const std::string& payload = "{}") {
  static int number = 0;
  DecisionEvent out;
  out.id = std::to_string(++number);
  out.at = std::chrono::system_clock::time_point(std::chrono::seconds(number));
  out.in_force = rules;
  out.body = R"({"deviceRuntimeContext":{"registrationId":")" + id + R"(","payload":)" + payload +
             R"(},"linkedHubs":["hub-1"]})";
  out.answer = answer(rules->rules(), out.body, out.at);
  return out;
}

Redaction redaction_of(const std::string& field) {
  Diagnostics diagnostics;
  return Redaction::parse({{field, {}}}, diagnostics).value();
}

// The registration IDs that are told, in their order.
std::string ids(const Json& told) {
  std::string out;
  for (const Json& record : told)
    out += (out.empty() ? "" : " ") + record["registrationId"].get<std::string>();
  return out;
}

DecisionQuery query_of(const std::string& text) {
  auto query = parse_decision_query(text);
  if (const auto* mistake = std::get_if<std::string>(&query)) FAIL(*mistake);
  return std::get<DecisionQuery>(query);
}

}  // namespace

TEST_CASE("decision query: what is asked, and what is wrong with it") {
  const DecisionQuery query =
      query_of("registrationId=a%2Fb+c%3a&&outcome=noHub&limit=1000&request=true");
  CHECK(query.registration_id == "a/b+c:");
  CHECK(query.outcome == Outcome::NoHub);
  CHECK(query.limit == 1000);
  CHECK(query.request);
  for (const char* nothing : {"", "&", "registrationId=&outcome=&limit=", "limit"}) {
    const DecisionQuery all = query_of(nothing);
    CHECK_FALSE(all.registration_id);
    CHECK_FALSE(all.outcome);
    CHECK(all.limit == 50);
    CHECK_FALSE(all.request);
  }

  const std::string limit = "`limit` must be a number from 1 to 1000, not ";
  const std::pair<std::string, std::string> mistakes[] = {
      {"registrationID=x", "unknown parameter `registrationID`; did you mean `registrationId`?"},
      {"outcome=rejected", "unknown outcome `rejected`; did you mean `reject`?"},
      {"limit=0", limit + "`0`"},
      {"limit=1001", limit + "`1001`"},
      {"limit=-1", limit + "`-1`"},
      {"limit=99999999999999999999999", limit + "`99999999999999999999999`"},
      {"limit=5x", limit + "`5x`"},
      {"limit=5&limit=6", "parameter `limit` is given twice"},
      {"request=yes", "`request` must be `true` or `false`, not `yes`"},
      {"registrationId=a%2",
       "bad percent-encoding in `registrationId=a%2`; a `%` is written `%25`"},
      {"registrationId=%zz",
       "bad percent-encoding in `registrationId=%zz`; a `%` is written `%25`"},
      {"outcome=%0a",
       "unknown outcome `\\n`; one of `allocate`, `reject`, `unauthorized`, `noHub`, "
       "`retryLater`"},
  };
  for (const auto& [written, expected] : mistakes) {
    const std::string text = written;
    CAPTURE(text);
    const auto wrong = parse_decision_query(text);
    REQUIRE(std::holds_alternative<std::string>(wrong));
    CHECK(std::get<std::string>(wrong) == expected);
  }
}

TEST_CASE("decision memory: found by device and outcome, newest first") {
  const auto rules = in_force(kRules);
  DecisionMemory memory{Redaction()};
  memory.remember(event_of(rules, "oven-1", R"({"model":"m1"})"));
  memory.remember(event_of(rules, "bad-1"));
  memory.remember(event_of(rules, "Oven-1"));
  memory.remember(event_of(rules, "oven-2", R"({"model":"m1"})"));
  const std::pair<std::string, std::string> cases[] = {
      {"", "oven-2 Oven-1 bad-1 oven-1"},
      {"limit=2", "oven-2 Oven-1"},
      {"registrationId=OVEN-1", "Oven-1 oven-1"},
      {"registrationId=oven", ""},
      {"outcome=reject", "Oven-1 bad-1"},
      {"outcome=noHub", ""},
      {"registrationId=oven-1&outcome=allocate", "oven-1"},
  };
  for (const auto& [written, expected] : cases) {
    const std::string query = written;
    CAPTURE(query);
    CHECK(ids(memory.query(query_of(query))) == expected);
  }
  CHECK(memory.size() == 4);
  CHECK(memory.query(query_of("limit=1&request=true"))[0]["request"]["linkedHubs"][0] == "hub-1");
}

TEST_CASE("decision memory: why a device was refused, in words") {
  const auto rules = in_force(kRules);
  DecisionMemory memory{Redaction()};
  memory.remember(event_of(rules, "oven-1", R"({"model":"m2"})"));
  memory.remember(event_of(rules, "bad-1"));
  memory.remember(event_of(rules, "oven-2", R"({"model":"m1"})"));
  const Json all = memory.query({});
  CHECK_FALSE(all[0].contains("tried"));  // allocated

  CHECK(all[1]["reason"] == "no bad ones");
  CHECK(all[1]["rulesTried"] == 2);
  CHECK(all[1]["nearest"].dump() == "[]");
  CHECK(all[1]["tried"] ==
        Json({R"(ovens (r.yaml:3): no, registrationId startsWith "oven-": is "bad-1")",
              "bad (r.yaml:4): matches; decides: reject"}));

  const std::string near = R"(ovens (r.yaml:3): no, payload.model equals "m1": is "m2")";
  CHECK(all[2]["tried"] ==
        Json({near, R"(bad (r.yaml:4): no, registrationId startsWith "bad-": is "oven-1")"}));
  CHECK(all[2]["nearest"] == Json({near + " [1 of 2 matchers held]"}));

  const Json one = memory.query(query_of("registrationId=oven-2"));
  CHECK(one[0]["tried"] ==
        Json({"ovens (r.yaml:3): matches; hub: " + std::string(one[0]["tried"][0]).substr(32)}));
  CHECK(std::string(one[0]["tried"][0]).ends_with("; decides: allocate"));
}

TEST_CASE("tried rules: of a long list the first, the last, and above all the nearest") {
  std::string text;
  for (int i = 0; i < 60; ++i)
    text += "  - {name: r" + std::to_string(i) + ", match: {registrationId: x" + std::to_string(i) +
            "}, reject: no}\n";
  text +=
      "  - {name: half, match: {registrationId: x, payload.a: 1}, reject: no}\n"
      "  - {name: most, match: {payload.b: 2, payload.a: 1, any: [{payload.a: 1}]}, reject: no}\n"
      "  - {name: few, match: {registrationId: x, payload.b: 1, payload.a: 1}, reject: no}\n"
      "  - {name: grouped, match: {any: [{payload.a: 1}], payload.a: 1, payload.c: 1}, "
      "reject: no}\n"
      "  - {name: rolled, match: {payload.a: 1}, rollout: 0.0001%, reject: no}\n"
      "  - {name: homeless, match: {payload.a: 1}, allocate: {hub: none-*, onNoHub: continue}}\n";
  const auto rules = in_force(text);
  const DecisionEvent event = event_of(rules, "dev-1", R"({"a":1})");
  const TriedRules tried = tried_rules(rules->rules(), event.body, event.at, {});
  CHECK(tried.count == 66);
  REQUIRE(tried.lines.size() == 26);
  CHECK(tried.lines[0] == R"(r0 (r.yaml:3): no, registrationId equals "x0": is "dev-1")");
  CHECK(tried.lines[4].starts_with("r4 "));
  CHECK(tried.lines[5] == "… 41 rules left out");
  CHECK(tried.lines[6].starts_with("r46 "));
  CHECK(tried.lines[25].starts_with("homeless (r.yaml:68): matches; hub: "));
  REQUIRE(tried.nearest.size() == 3);
  CHECK(tried.nearest[0].starts_with("rolled (r.yaml:67): no, rollout: not in it"));
  CHECK(tried.nearest[0].ends_with(" [1 of 1 matcher held]"));
  CHECK(tried.nearest[1].starts_with("homeless (r.yaml:68): matches; hub: "));
  CHECK(tried.nearest[2] ==
        "grouped (r.yaml:66): no, payload.c equals 1: is nothing [2 of 3 matchers held]");

  CHECK(tried_rules(rules->rules(), "{\"broken", event.at, {}).lines.empty());
}

TEST_CASE("tried rules: a part behind the one that failed counts for nearness") {
  const auto rules = in_force(
      "  - {name: most, match: {payload.b: 2, payload.a: 1, payload.c: 3}, reject: no}\n"
      "  - {name: few, match: {payload.b: 2, payload.a: 2, payload.c: 3}, reject: no}\n");
  const DecisionEvent event = event_of(rules, "dev-1", R"({"a":1,"c":3})");
  const TriedRules tried = tried_rules(rules->rules(), event.body, event.at, {});
  REQUIRE(tried.nearest.size() == 1);
  CHECK(tried.nearest[0] ==
        "most (r.yaml:3): no, payload.b equals 2: is nothing [2 of 3 matchers held]");
}

TEST_CASE("decision memory: what is redacted stands nowhere") {
  const auto rules = in_force(
      "  - {name: a, match: {payload.code: other}, reject: no}\n"
      "  - {name: b, match: {payload.flag: false}, reject: no}\n"
      "  - {name: c, match: {payload: {exists: false}}, reject: no}\n"
      "  - {name: d, match: {registrationId: {startsWith: x}}, reject: no}\n"
      "  - {name: e, match: {payload.code: sesame}, reject: \"${payload.code} is known\"}\n");
  DecisionMemory memory(redaction_of("payload"));
  memory.remember(event_of(rules, "dev-sesame", R"({"code":"sesame","flag":true})"));
  const Json told = memory.query(query_of("registrationId=DEV-SESAME&request=true"));
  REQUIRE(told.size() == 1);
  CHECK(told[0].dump().find("esame") == std::string::npos);
  CHECK(told[0]["registrationId"] == "dev-[redacted]");
  CHECK(told[0]["reason"] == "[redacted] is known");
  CHECK(told[0]["request"]["deviceRuntimeContext"]["payload"] == "[redacted]");
  CHECK(told[0]["tried"] ==
        Json({R"(a (r.yaml:3): no, payload.code equals "other": is "[redacted]")",
              R"(b (r.yaml:4): no, payload.flag equals false: is "[redacted]")",
              R"(c (r.yaml:5): no, payload exists false: is "[redacted]")",
              R"(d (r.yaml:6): no, registrationId startsWith "x": is "dev-[redacted]")",
              "e (r.yaml:7): matches; decides: reject"}));
}

TEST_CASE("decision memory: nor what a rule cut out of it, also one that went on") {
  const auto rules = in_force(
      "  - {name: a, match: {payload.code: {search: '^(?P<front>[a-z]+)'}}, "
      "allocate: {hub: '${front}-*', onNoHub: continue}}\n"
      "  - {name: b, match: {payload.code: {search: '(?P<end>[0-9]+)$'}}, reject: 'end ${end}'}\n");
  DecisionMemory memory(redaction_of("payload.code"));
  memory.remember(event_of(rules, "d", R"({"code":"open-4711"})"));
  const Json told = memory.query(query_of("registrationId=d&request=true"));
  REQUIRE(told.size() == 1);
  CHECK(told[0]["reason"] == "end [redacted]");
  CAPTURE(told[0].dump());
  CHECK(told[0].dump().find("open") == std::string::npos);
  CHECK(told[0].dump().find("4711") == std::string::npos);
  CHECK(told[0]["tried"][0].get<std::string>().find("[redacted]-*") != std::string::npos);
}

TEST_CASE("decision memory: bounded by count, by bytes, and by rule sets") {
  const auto rules = in_force(kRules);
  DecisionMemory few(Redaction(), {.decisions = 3});
  for (int i = 0; i < 10; ++i) few.remember(event_of(rules, "bad-" + std::to_string(i)));
  CHECK(ids(few.query({})) == "bad-9 bad-8 bad-7");

  DecisionMemory small(Redaction(), {.bytes = 20'000});
  for (int i = 0; i < 20; ++i)
    small.remember(
        event_of(rules, "bad-" + std::to_string(i), "\"" + std::string(5000, 'x') + "\""));
  CHECK(small.bytes() <= 20'000);
  CHECK(ids(small.query({})) == "bad-19 bad-18 bad-17");
  small.remember(event_of(rules, "bad-x", "\"" + std::string(30'000, 'x') + "\""));
  CHECK(small.size() == 0);
  CHECK(small.bytes() == 0);
  CHECK(small.rule_sets() == 0);
}

TEST_CASE("decision memory: rules are let go when too many sets are kept, or none of theirs is") {
  DecisionMemory memory(Redaction(), {.decisions = 4, .rule_sets = 2});
  std::vector<std::weak_ptr<const RulesInForce>> sets;
  for (int i = 0; i < 3; ++i) {
    const auto rules = in_force(kRules, "rev-" + std::to_string(i));
    sets.push_back(rules);
    memory.remember(event_of(rules, "bad-" + std::to_string(i)));
  }
  CHECK(memory.rule_sets() == 2);
  CHECK(sets[0].expired());
  CHECK_FALSE(sets[1].expired());
  const Json told = memory.query({});
  CHECK(told[0].contains("tried"));
  CHECK(told[1].contains("tried"));
  CHECK_FALSE(told[2].contains("tried"));
  CHECK(told[2]["revision"] == "rev-0");
  CHECK(told[2]["rule"] == "bad");
  CHECK(told[2]["note"] ==
        "the rules that decided are not kept any more, so what they tried is not known");

  const auto last = sets[2].lock();
  for (int i = 0; i < 3; ++i) memory.remember(event_of(last, "bad-x"));
  CHECK(memory.rule_sets() == 1);
  CHECK(sets[1].expired());
}

TEST_CASE("decision memory: a set that goes is written down beside later decisions, not in one") {
  DecisionMemory memory(Redaction(), {.rule_sets = 1});
  const auto fill = [&](const std::string& revision, int decisions) {
    const auto rules = in_force(kRules, revision);
    for (int i = 0; i < decisions; ++i) memory.remember(event_of(rules, revision));
    return std::weak_ptr(rules);
  };
  const auto told = [&](const std::string& revision) {
    std::size_t tried = 0;
    for (const Json& one : memory.query(query_of("limit=1000&registrationId=" + revision))) {
      CHECK(one["revision"] == revision);
      tried += one.contains("tried") ? 1 : 0;
    }
    return tried;
  };
  const auto first = fill("r-1", 100);
  const auto second = in_force(kRules, "r-2");
  memory.remember(event_of(second, "r-2"));
  // What is not written down yet is told with what was tried.
  CHECK(told("r-1") == 98);
  CHECK(memory.rule_sets() == 2);
  for (int i = 0; i < 48; ++i) memory.remember(event_of(second, "r-2"));
  CHECK_FALSE(first.expired());
  memory.remember(event_of(second, "r-2"));
  CHECK(first.expired());
  CHECK(memory.rule_sets() == 1);
  CHECK(told("r-1") == 0);
  CHECK(told("r-2") == 50);

  // No more than one goes at a time, however fast they come: the one before is done at once.
  const auto third = fill("r-3", 10);
  const auto fourth = fill("r-4", 1);
  CHECK(memory.rule_sets() == 2);
  CHECK(told("r-2") == 0);
  CHECK(told("r-3") == 10);
  CHECK(told("r-4") == 1);
  CHECK_FALSE(third.expired());
  CHECK_FALSE(fourth.expired());
}

TEST_CASE("decision memory: one query tries no more than its share") {
  const auto rules = in_force(kRules);
  DecisionMemory memory(Redaction(), {.rules_tried = 20});
  for (int i = 0; i < 4; ++i) memory.remember(event_of(rules, "bad-" + std::to_string(i)));
  const Json told = memory.query({});
  CHECK(told[0].contains("tried"));
  CHECK(told[1].contains("tried"));
  CHECK_FALSE(told[2].contains("tried"));
  CHECK(told[3]["note"] ==
        "what was tried is told of the newer ones only; ask for this device by `registrationId`, "
        "or with a lower `limit`");
}

TEST_SUITE("threads: decision memory") {
  TEST_CASE("asked while it is filled") {
    const auto rules = in_force(kRules);
    const auto others = in_force(kRules);
    std::vector<DecisionEvent> events;
    for (int i = 0; i < 300; ++i)
      events.push_back(event_of(i % 2 == 0 ? rules : others, "bad-" + std::to_string(i)));
    DecisionMemory memory(Redaction(), {.decisions = 20, .rule_sets = 1});
    std::atomic<bool> is_done = false;
    std::atomic<int> odd = 0;
    std::vector<std::thread> askers;
    for (int i = 0; i < 2; ++i)
      askers.emplace_back([&] {
        while (!is_done)
          for (const Json& record : memory.query({}))
            if (record["rule"] != "bad" || record.contains("tried") == record.contains("note"))
              ++odd;
      });
    for (const DecisionEvent& event : events) memory.remember(event);
    is_done = true;
    for (std::thread& asker : askers) asker.join();
    CHECK(odd == 0);
    CHECK(memory.size() == 20);
  }
}
