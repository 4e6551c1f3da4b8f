// The candidate: a second rule set beside the one in force, what is counted and sampled of it.
#include "daemon/candidate.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/decided.h"

using namespace allocd;
using test::decided;
using test::device;
using test::in_force;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::sys_days kDay = std::chrono::year(2026) / 11 / 24;

const char* kNow =
    "  - {name: toasters, match: {registrationId: {startsWith: t-}}, allocate: {hub: a}}\n"
    "  - {name: gone, match: {registrationId: {startsWith: g-}}, reject: gone}\n"
    "  - {name: all, allocate: {hub: b}}\n";
const char* kNext =
    "  - {name: toasters, match: {registrationId: {startsWith: t-}}, allocate: {hub: c}}\n"
    "  - {name: no, match: {registrationId: {startsWith: n-}}, retryLater: 'not yet, ${now}'}\n"
    "  - {name: twins, match: {registrationId: {startsWith: w-}}, allocate: {hub: b, initialTwin: "
    "{tags: {x: 1}}}}\n"
    "  - {name: all, allocate: {hub: b}}\n";

std::vector<std::string> ids_of(const Json& told) {
  std::vector<std::string> out;
  for (const Json& entry : told["devices"]) out.push_back(entry["registrationId"]);
  return out;
}

}  // namespace

TEST_CASE("candidate: none") {
  Candidate candidate{Redaction()};
  candidate.compare(decided(in_force(kNow), device("a")));
  CHECK(candidate.json() == Json(nullptr));
  CHECK(candidate.rules() == nullptr);
  CHECK(candidate.counts().compared == 0);
}

TEST_CASE("candidate: counts, moves and devices") {
  const auto now = in_force(kNow, "aaaaaaaaaaaa");
  const auto next = in_force(kNext, "bbbbbbbbbbbb");
  Candidate candidate{Redaction()};
  candidate.replace(next);
  CHECK(candidate.rules() == next);
  CHECK(candidate.json() == Json::parse(R"({
    "revision": "bbbbbbbbbbbb", "rules": 4, "since": "2026-11-23T00:00:00Z", "against": null,
    "compared": 0, "unchanged": 0, "newlyRefused": 0, "newlyAccepted": 0, "movedHub": 0,
    "twinChanged": 0, "payloadChanged": 0, "otherChanged": 0,
    "moves": [], "moreMoves": 0, "devices": []})"));
  int second = 0;
  for (const char* id : {"x", "g-1", "t-1", "T-1", "n-1", "w-1"})
    candidate.compare(decided(now, device(id), kDay + std::chrono::seconds(++second)));
  // No requests of devices.
  candidate.compare(decided(now, "hello"));
  candidate.compare(decided(now, R"({"deviceRuntimeContext":{},"linkedHubs":["a.h"]})"));
  const Candidate::Counts counts = candidate.counts();
  CHECK(counts.compared == 6);
  CHECK(counts.by_change[static_cast<std::size_t>(Change::MovedHub)] == 2);
  CHECK(candidate.json() == Json::parse(R"({
    "revision": "bbbbbbbbbbbb", "rules": 4, "since": "2026-11-23T00:00:00Z",
    "against": "aaaaaaaaaaaa", "compared": 6, "unchanged": 1, "newlyRefused": 1, "newlyAccepted": 1,
    "movedHub": 2, "twinChanged": 1, "payloadChanged": 0, "otherChanged": 0,
    "moves": [{"from": "a.h", "to": "c.h", "requests": 2},
              {"from": null, "to": "b.h", "requests": 1},
              {"from": "b.h", "to": null, "requests": 1}],
    "moreMoves": 0,
    "devices": [
      {"registrationId": "w-1", "time": "2026-11-24T00:00:06Z", "kind": "twinChanged",
       "from": {"outcome": "allocate", "rule": "all", "hub": "b.h", "reason": null},
       "to": {"outcome": "allocate", "rule": "twins", "hub": "b.h", "reason": null}},
      {"registrationId": "n-1", "time": "2026-11-24T00:00:05Z", "kind": "newlyRefused",
       "from": {"outcome": "allocate", "rule": "all", "hub": "b.h", "reason": null},
       "to": {"outcome": "retryLater", "rule": "no", "hub": null,
              "reason": "not yet, 2026-11-24T00:00:05Z"}},
      {"registrationId": "T-1", "time": "2026-11-24T00:00:04Z", "kind": "movedHub",
       "from": {"outcome": "allocate", "rule": "toasters", "hub": "a.h", "reason": null},
       "to": {"outcome": "allocate", "rule": "toasters", "hub": "c.h", "reason": null}},
      {"registrationId": "g-1", "time": "2026-11-24T00:00:02Z", "kind": "newlyAccepted",
       "from": {"outcome": "reject", "rule": "gone", "hub": null, "reason": "gone"},
       "to": {"outcome": "allocate", "rule": "all", "hub": "b.h", "reason": null}}]})"));
}

TEST_CASE("candidate: the same rules never differ, whatever time it is") {
  const char* rules = "  - {name: all, allocate: {initialTwin: {tags: {at: '${now}'}}}}\n";
  const auto now = in_force(rules);
  Candidate candidate{Redaction()};
  candidate.replace(in_force(rules));
  for (int i = 0; i < 10; ++i)
    candidate.compare(decided(now, device("d"), kDay + std::chrono::hours(i)));
  CHECK(candidate.counts().compared == 10);
  CHECK(candidate.counts().by_change[0] == 10);
}

TEST_CASE("candidate: another one begins anew, and so does none") {
  const auto now = in_force(kNow);
  Candidate candidate{Redaction()};
  candidate.replace(in_force(kNext, "bbbbbbbbbbbb"));
  candidate.compare(decided(now, device("t-1")));
  CHECK(candidate.counts().compared == 1);
  candidate.replace(in_force(kNow, "cccccccccccc"));
  const Json told = candidate.json();
  CHECK(told["revision"] == "cccccccccccc");
  CHECK(told["compared"] == 0);
  CHECK(told["moves"].empty());
  CHECK(told["devices"].empty());
  candidate.replace(nullptr);
  CHECK(candidate.json() == Json(nullptr));
}

TEST_CASE("candidate: other rules in force begin anew") {
  const auto first = in_force(kNow, "aaaaaaaaaaaa");
  const auto second = in_force("  - {name: all, allocate: {hub: a}}\n", "cccccccccccc");
  Candidate candidate{Redaction()};
  candidate.replace(in_force(kNext, "bbbbbbbbbbbb"));
  candidate.compare(decided(first, device("t-1")));
  CHECK(candidate.counts().compared == 1);
  // The same rules, loaded again, are no others.
  const auto same = in_force(kNow, "aaaaaaaaaaaa");
  candidate.compare(decided(same, device("t-2")));
  CHECK(candidate.counts().compared == 2);
  candidate.compare(decided(second, device("x"), kDay + 1h));
  CHECK(candidate.counts().compared == 1);
  CHECK(candidate.json()["against"] == "cccccccccccc");
  CHECK(candidate.json()["since"] == "2026-11-24T01:00:00Z");
  CHECK(ids_of(candidate.json()) == std::vector<std::string>{"x"});
  // What the rules before them decided comes late.
  candidate.compare(decided(same, device("t-3")));
  candidate.compare(decided(second, device("y"), kDay + 2h));
  CHECK(candidate.counts().compared == 2);
  CHECK(candidate.json()["since"] == "2026-11-24T01:00:00Z");
  // And back to them, loaded anew.
  candidate.compare(decided(in_force(kNow, "aaaaaaaaaaaa"), device("t-4"), kDay + 3h));
  CHECK(candidate.counts().compared == 1);
  CHECK(candidate.json()["against"] == "aaaaaaaaaaaa");
  CHECK(ids_of(candidate.json()) == std::vector<std::string>{"t-4"});
}

TEST_CASE("candidate: keeps no rules in force alive") {
  auto now = in_force(kNow);
  const std::weak_ptr<const RuleSet> rules = now->shared_rules();
  Candidate candidate{Redaction()};
  candidate.replace(in_force(kNext));
  candidate.compare(decided(now, device("t-1")));
  now.reset();
  CHECK(rules.expired());
  CHECK(ids_of(candidate.json()) == std::vector<std::string>{"t-1"});
}

TEST_CASE("candidate: devices and pairs of hubs are bounded, counts are not") {
  const auto now = in_force("  - {name: all, allocate: {pick: first}}\n");
  Candidate candidate{Redaction()};
  candidate.replace(in_force("  - {name: all, allocate: {pick: last}}\n"));
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    candidate.compare(decided(now, R"({"deviceRuntimeContext":{"registrationId":"d)" + n +
                                       R"("},"linkedHubs":["a)" + n + R"(.h","b.h"]})"));
  }
  const Json told = candidate.json();
  CHECK(told["movedHub"] == 300);
  CHECK(told["moves"].size() == Candidate::kMaxMoves);
  CHECK(told["moreMoves"] == 300 - Candidate::kMaxMoves);
  REQUIRE(told["devices"].size() == Candidate::kMaxDevices);
  CHECK(told["devices"][0]["registrationId"] == "d299");
  CHECK(told["devices"][49]["registrationId"] == "d250");
  // A known pair goes on counting; a device seen again is in front, once.
  candidate.compare(decided(
      now, R"({"deviceRuntimeContext":{"registrationId":"D260"},"linkedHubs":["a7.h","b.h"]})"));
  CHECK(candidate.json()["moves"][0] == Json({{"from", "a7.h"}, {"to", "b.h"}, {"requests", 2}}));
  CHECK(ids_of(candidate.json())[0] == "D260");
  CHECK(ids_of(candidate.json()).back() == "d250");
  CHECK(candidate.json()["devices"].size() == Candidate::kMaxDevices);
}

TEST_CASE("candidate: what is redacted is kept nowhere") {
  const auto now = in_force("  - {name: all, allocate: {hub: a}}\n");
  const auto next = in_force("  - {name: no, reject: 'nothing for ${payload.secret} here'}\n");
  Candidate candidate{test::redacting({"payload.secret"})};
  candidate.replace(next);
  candidate.compare(decided(now, device("d-1", R"(,"payload":{"secret":"hush-hush"})")));
  candidate.compare(decided(now, device("d-2", R"(,"payload":{"secret":"d-2"})")));
  candidate.compare(decided(now, device("d-3", R"(,"payload":{"secret":"a.h"})")));
  const Json told = candidate.json();
  CHECK(told.dump().find("hush") == std::string::npos);
  CHECK(ids_of(told) == std::vector<std::string>{"d-3", "[redacted]", "d-1"});
  CHECK(told["devices"][2]["to"]["reason"] == "nothing for [redacted] here");
  CHECK(told["devices"][0]["from"]["hub"] == "[redacted]");
  CHECK(told["moves"] == Json::parse(R"([{"from":"a.h","to":null,"requests":2},
                                         {"from":"[redacted]","to":null,"requests":1}])"));
}

TEST_CASE("candidate: nor what either set cut out of it") {
  const auto now = in_force(
      "  - {name: a, match: {payload.secret: {search: '^(?P<front>[a-z]+)'}}, "
      "reject: 'front ${front}'}\n");
  const auto next = in_force(
      "  - {name: b, match: {payload.secret: {search: '(?P<end>[a-z]+)$'}}, "
      "retryLater: 'end ${end}'}\n");
  Candidate candidate{test::redacting({"payload.secret"})};
  candidate.replace(next);
  candidate.compare(decided(now, device("d-1", R"(,"payload":{"secret":"hush-still"})")));
  const Json told = candidate.json();
  REQUIRE(told["devices"].size() == 1);
  CHECK(told["devices"][0]["from"]["reason"] == "front [redacted]");
  CHECK(told["devices"][0]["to"]["reason"] == "end [redacted]");
}

TEST_CASE("candidate: hostile bodies stay short and are UTF-8") {
  const auto now = in_force("  - {name: all, allocate: {hub: '*'}}\n");
  Candidate candidate{Redaction()};
  candidate.replace(in_force("  - {name: no, reject: 'no: ${payload.x:-nothing}'}\n"));
  const std::vector<std::string> bodies = {
      device(std::string(100'000, 'l')),
      device(std::string(511, 'l') + "\xE2\x82\xAC"),
      device("nul\\u0000byte"),
      device("long", R"(,"payload":{"x":")" + std::string(100'000, 'x') + "\"}"),
      device("deep", R"(,"payload":)" + std::string(60, '[') + std::string(60, ']')),
      R"({"deviceRuntimeContext":{"registrationId":"h"},"linkedHubs":[")" +
          std::string(100'000, 'h') + "\"]}",
      R"({"request":)" + device("inner") +
          R"(,"deviceRuntimeContext":{"registrationId":"outer"},"linkedHubs":["a.h"]})",
      device("broken\xFF"),
      "[[[[[[",
  };
  for (const std::string& body : bodies) candidate.compare(decided(now, body));
  const std::string told = candidate.json().dump();  // throws where a text is no UTF-8
  CHECK(candidate.counts().compared == bodies.size() - 2);
  CHECK(told.size() < 10'000);
  CHECK(told.find("outer") != std::string::npos);
  CHECK(told.find("inner") == std::string::npos);
}

TEST_SUITE("threads: candidate") {
  TEST_CASE("compared, replaced and asked at once") {
    const auto now = in_force(kNow);
    const auto next = in_force(kNext);
    const auto other = in_force(kNow, "cccccccccccc");
    std::vector<DecisionEvent> events;
    for (int i = 0; i < 20; ++i)
      events.push_back(decided(now, device((i % 2 == 0 ? "t-" : "x-") + std::to_string(i))));
    Candidate candidate{Redaction()};
    candidate.replace(next);
    std::atomic<bool> done = false;
    std::atomic<int> bad = 0;
    std::thread asking([&] {
      while (!done) {
        const Json told = candidate.json();
        const bool is_next = told["revision"] == next->revision();
        if (told["compared"] != told["unchanged"].get<int>() + told["movedHub"].get<int>()) ++bad;
        // Under the other set nothing differs.
        if (!is_next && (told["movedHub"] != 0 || !told["devices"].empty())) ++bad;
        if (candidate.rules() == nullptr) ++bad;
      }
    });
    std::thread replacing([&] {
      for (int i = 0; !done; ++i) candidate.replace(i % 2 == 0 ? other : next);
    });
    for (int i = 0; i < 2000; ++i) candidate.compare(events[static_cast<std::size_t>(i % 20)]);
    done = true;
    asking.join();
    replacing.join();
    CHECK(bad == 0);
    candidate.replace(next);
    for (const DecisionEvent& event : events) candidate.compare(event);
    CHECK(candidate.json()["movedHub"] == 10);
  }

  // Mostly a comparison is under way when the candidate is replaced: it is none of the new one.
  TEST_CASE("a comparison with the candidate before is not counted") {
    const DecisionEvent event = decided(in_force(kNow), device("t-1"));
    const auto next = in_force(kNext);
    const auto same = in_force(kNow);
    Candidate candidate{Redaction()};
    std::atomic<bool> done = false;
    std::thread comparing([&] {
      while (!done) candidate.compare(event);
    });
    const auto moved_under = [&](const test::Rules& rules) {
      candidate.replace(rules);
      Candidate::Counts counts;
      while (counts.compared == 0) counts = candidate.counts();
      return counts.by_change[static_cast<std::size_t>(Change::MovedHub)] > 0;
    };
    int bad = 0;
    for (int i = 0; i < 300; ++i) {
      if (!moved_under(next)) ++bad;
      if (moved_under(same)) ++bad;
    }
    done = true;
    comparing.join();
    CHECK(bad == 0);
  }
}
