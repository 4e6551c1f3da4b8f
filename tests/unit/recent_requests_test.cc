// The last request of each of the devices seen last: which are kept, for how long, in how much.
#include "daemon/recent_requests.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "policy/letter_case.h"
#include "support/decided.h"

using namespace allocd;
using test::decided;
using test::device;

namespace {

test::Rules any_hub() { return test::in_force("  - {name: any, allocate: {}}\n"); }

std::vector<std::string> bodies_of(const RecentRequests& recent) {
  std::vector<std::string> out;
  for (const auto& body : recent.snapshot().bodies) out.push_back(*body);
  return out;
}

using Bodies = std::vector<std::string>;

std::string padding(std::size_t bytes) { return R"(,"payload":")" + std::string(bytes, 'x') + '"'; }

}  // namespace

TEST_CASE("recent requests: the last one of each device, the newest in front") {
  const auto rules = any_hub();
  RecentRequests recent(3);
  CHECK(bodies_of(recent).empty());
  recent.add(decided(rules, device("a")));
  recent.add(decided(rules, device("b")));
  recent.add(decided(rules, device("c")));
  CHECK(bodies_of(recent) == Bodies{device("c"), device("b"), device("a")});
  // Seen again, in another letter case, with another request.
  recent.add(decided(rules, device("A", R"(,"payload":{"n":2})")));
  CHECK(bodies_of(recent) ==
        Bodies{device("A", R"(,"payload":{"n":2})"), device("c"), device("b")});
  // The one seen least recently makes room.
  recent.add(decided(rules, device("d")));
  CHECK(bodies_of(recent) ==
        Bodies{device("d"), device("A", R"(,"payload":{"n":2})"), device("c")});
}

TEST_CASE("recent requests: what counts as one") {
  const auto rules = test::in_force("  - {name: no, reject: no}\n");
  const auto no_match =
      test::in_force("  - {name: some, match: {registrationId: x}, allocate: {}}\n");
  struct Case {
    std::string name;
    test::Rules rules;
    std::string body;
    bool is_kept;
  };
  const Case cases[] = {
      {"refused by a rule", rules, device("a"), true},
      {"refused by no rule", no_match, device("a"), true},
      {"no hub is linked", no_match,
       R"({"deviceRuntimeContext":{"registrationId":"a"},"linkedHubs":[]})", true},
      {"no linkedHubs", rules, R"({"deviceRuntimeContext":{"registrationId":"a"}})", false},
      {"linkedHubs is null", rules,
       R"({"deviceRuntimeContext":{"registrationId":"a"},"linkedHubs":null})", false},
      {"no ID", rules, R"({"deviceRuntimeContext":{},"linkedHubs":["a.h"]})", false},
      {"no JSON", rules, "hello", false},
      {"nothing", rules, "", false},
      {"wrong types", rules, R"({"deviceRuntimeContext":{"registrationId":1},"linkedHubs":[]})",
       false},
      {"an ID twice", rules,
       R"({"deviceRuntimeContext":{"registrationId":"a","registrationId":"b"},"linkedHubs":[]})",
       false},
      {"no UTF-8", rules, device("a\xFF"), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RecentRequests recent(10);
    recent.add(decided(c.rules, c.body));
    CHECK(bodies_of(recent) == (c.is_kept ? Bodies{c.body} : Bodies{}));
    CHECK(recent.snapshot().too_large == 0);
  }
}

TEST_CASE("recent requests: a malformed body takes no device's request away") {
  const auto rules = any_hub();
  RecentRequests recent(10);
  recent.add(decided(rules, device("a")));
  recent.add(decided(rules, R"({"deviceRuntimeContext":{"registrationId":"a"}})"));
  CHECK(bodies_of(recent) == Bodies{device("a")});
}

TEST_CASE("recent requests: a body that is too large is counted only") {
  const auto rules = any_hub();
  const std::size_t rest = device("a", padding(0)).size();
  const std::string fits = device("a", padding(RecentRequests::kMaxBodyBytes - rest));
  const std::string larger = device("a", padding(RecentRequests::kMaxBodyBytes - rest + 1));
  RecentRequests recent(2);
  recent.add(decided(rules, fits));
  CHECK(bodies_of(recent) == Bodies{fits});
  recent.add(decided(rules, larger));
  CHECK(bodies_of(recent).empty());
  CHECK(recent.snapshot().too_large == 1);
  CHECK(recent.bytes() < 1000);
  // It is a device as any other: it takes its place, and gives it up.
  recent.add(decided(rules, device("b")));
  recent.add(decided(rules, device("c")));
  CHECK(recent.snapshot().too_large == 0);
  CHECK(bodies_of(recent) == Bodies{device("c"), device("b")});
  recent.add(decided(rules, larger));
  recent.add(decided(rules, device("A")));
  CHECK(recent.snapshot().too_large == 0);
  CHECK(bodies_of(recent) == Bodies{device("A"), device("c")});
}

TEST_CASE("recent requests: no device at all, no byte at all") {
  const auto rules = any_hub();
  RecentRequests none(0);
  RecentRequests tiny(10, 10);
  for (const char* id : {"a", "b", "a"}) {
    none.add(decided(rules, device(id)));
    tiny.add(decided(rules, device(id)));
  }
  CHECK(bodies_of(none).empty());
  CHECK(none.bytes() == 0);
  CHECK(bodies_of(tiny).empty());
  CHECK(tiny.bytes() == 0);
}

TEST_CASE("recent requests: a snapshot stays as it is") {
  const auto rules = any_hub();
  RecentRequests recent(1);
  recent.add(decided(rules, device("a")));
  const RecentBodies before = recent.snapshot();
  recent.add(decided(rules, device("b")));
  REQUIRE(before.bodies.size() == 1);
  CHECK(*before.bodies[0] == device("a"));
}

// Held against a list that is searched from the front.
TEST_CASE("recent requests: random traffic stays within both bounds, and is the latest") {
  const auto rules = any_hub();
  std::mt19937 random(6);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::size_t kDevices = 20;
  constexpr std::size_t kBytes = 40'000;
  RecentRequests recent(kDevices, kBytes);
  std::list<std::pair<std::string, std::string>> naive;
  bool was_short_of_bytes = false;
  for (int round = 0; round < 2000; ++round) {
    std::string id = "dev-" + std::to_string(below(60));
    if (below(2) == 0) id = upper(id);
    // From time to time the ID itself is what is large.
    if (below(50) == 0) id += std::string(below(30'000), 'y');
    const std::string body = device(id, padding(below(10) == 0 ? below(100'000) : below(1000)));
    recent.add(decided(rules, body));
    naive.remove_if([&](const auto& entry) { return entry.first == lower(id); });
    naive.emplace_front(lower(id), body);

    REQUIRE(recent.bytes() <= kBytes);
    const RecentBodies now = recent.snapshot();
    REQUIRE(now.bodies.size() + now.too_large <= kDevices);
    was_short_of_bytes = was_short_of_bytes || now.bodies.size() + now.too_large < kDevices;
    std::size_t bytes = 0;
    auto expected = naive.begin();
    std::size_t too_large = 0;
    for (const auto& body_kept : now.bodies) {
      for (; expected->second.size() > RecentRequests::kMaxBodyBytes; ++expected) ++too_large;
      REQUIRE(*body_kept == expected->second);
      bytes += body_kept->size();
      ++expected;
    }
    REQUIRE(too_large <= now.too_large);
    REQUIRE(bytes <= recent.bytes());
  }
  CHECK(was_short_of_bytes);
}

TEST_SUITE("threads: recent requests") {
  TEST_CASE("snapshots while requests come in") {
    const auto rules = any_hub();
    RecentRequests recent(8);
    std::vector<DecisionEvent> events;
    for (int i = 0; i < 32; ++i) events.push_back(decided(rules, device(std::to_string(i))));
    std::atomic<bool> done = false;
    std::atomic<int> bad = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i)
      readers.emplace_back([&] {
        while (!done) {
          const RecentBodies now = recent.snapshot();
          std::set<std::string> distinct;
          for (const auto& body : now.bodies) distinct.insert(*body);
          if (distinct.size() != now.bodies.size() || distinct.size() > 8) ++bad;
        }
      });
    for (int i = 0; i < 5000; ++i) recent.add(events[static_cast<std::size_t>(i * 7 % 32)]);
    done = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(bad == 0);
    CHECK(recent.snapshot().bodies.size() == 8);
  }
}
