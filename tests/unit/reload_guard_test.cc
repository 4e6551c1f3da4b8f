// The reload guard: whom new rules would move, when that is too many, and how it is told.
#include "daemon/reload_guard.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "policy/letter_case.h"
#include "support/decided.h"

using namespace allocd;
using test::decided;
using test::device;
using test::in_force;

namespace {

RecentBodies recent(const std::vector<std::string>& bodies) {
  RecentBodies out;
  for (const std::string& body : bodies)
    out.bodies.push_back(std::make_shared<const std::string>(body));
  return out;
}

GuardReport guarded(const std::string& from, const std::string& to,
                    const std::vector<std::string>& bodies, const GuardSettings& settings = {},
                    const Redaction& redaction = {}) {
  const auto before = in_force(from);
  const auto after = in_force(to);
  return guard_reload(before->rules(), after->rules(), recent(bodies), settings, Moment(),
                      redaction);
}

// `moved` devices that `kMoving` moves, and others, `all` in total.
std::vector<std::string> devices(std::size_t all, std::size_t moved) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < all; ++i)
    out.push_back(device((i < moved ? "m-" : "s-") + std::to_string(i)));
  return out;
}

constexpr const char* kBefore = "  - {name: all, allocate: {hub: a}}\n";
constexpr const char* kMoving =
    "  - {name: some, match: {registrationId: {startsWith: m-}}, allocate: {hub: b}}\n"
    "  - {name: all, allocate: {hub: a}}\n";
constexpr const char* kRefusing =
    "  - {name: none, match: {registrationId: {startsWith: m-}}, retryLater: later}\n"
    "  - {name: all, allocate: {hub: a}}\n";

std::size_t lines_of(const std::string& text) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("guard: refused is what moves more than the bound, and no device less") {
  struct Case {
    const char* max_moved;
    std::size_t all;
    std::size_t moved;
    const char* expected;
  };
  const Case cases[] = {
      {"20%", 100, 0, "passed"},       {"20%", 100, 20, "passed"},
      {"20%", 100, 21, "refused"},     {"20%", 20, 4, "passed"},
      {"20%", 20, 5, "refused"},       {"20%", 21, 4, "passed"},
      {"20%", 21, 5, "refused"},       {"0%", 100, 0, "passed"},
      {"0%", 100, 1, "refused"},       {"100%", 100, 100, "passed"},
      {"99.9999%", 100, 99, "passed"}, {"99.9999%", 100, 100, "refused"},
      {"10%", 30, 3, "passed"},        {"10%", 30, 4, "refused"},
      {"33.3333%", 30, 10, "refused"}, {"33.3334%", 30, 10, "passed"},
      {"0.1%", 1000, 1, "passed"},     {"0.1%", 999, 1, "refused"},
  };
  const auto before = in_force(kBefore);
  for (const char* const to : {kMoving, kRefusing}) {
    const auto after = in_force(to);
    for (const Case& c : cases) {
      CAPTURE(c.max_moved);
      CAPTURE(c.all);
      CAPTURE(c.moved);
      const GuardReport report =
          guard_reload(before->rules(), after->rules(), recent(devices(c.all, c.moved)),
                       {.max_moved = *Share::parse(c.max_moved)}, Moment(), {});
      CHECK(verdict_name(report.verdict) == c.expected);
      CHECK(report.may_pass() == (report.verdict == GuardVerdict::Passed));
      CHECK(report.compared == c.all);
      CHECK(report.moved() == c.moved);
    }
  }
}

TEST_CASE("guard: both kinds count together, what else changes does not") {
  const std::string from =
      "  - {name: no, match: {registrationId: {startsWith: new-}}, reject: no}\n" +
      std::string(kBefore);
  const char* to =
      "  - {name: no, match: {registrationId: {startsWith: m-}}, reject: no}\n"
      "  - {name: b, match: {registrationId: {startsWith: b-}}, allocate: {hub: b}}\n"
      "  - {name: all, allocate: {hub: a, initialTwin: {tags: {x: 1}}}}\n";
  std::vector<std::string> bodies;
  for (int i = 0; i < 10; ++i)
    for (const char* kind : {"m-", "b-", "new-", "s-", "t-"})
      bodies.push_back(device(kind + std::to_string(i)));
  const GuardReport report = guarded(from, to, bodies, {.max_moved = *Share::parse("40%")});
  CHECK(report.verdict == GuardVerdict::Passed);
  CHECK(report.count(Change::NewlyRefused) == 10);
  CHECK(report.count(Change::MovedHub) == 10);
  CHECK(report.count(Change::NewlyAccepted) == 10);
  CHECK(report.count(Change::TwinChanged) == 20);
  CHECK(report.moved() == 20);
  CHECK(guarded(from, to, bodies, {.max_moved = *Share::parse("39.9999%")}).verdict ==
        GuardVerdict::Refused);
}

TEST_CASE("guard: too few devices tell nothing, and off looks at none") {
  struct Case {
    std::size_t min_sample;
    std::size_t all;
    const char* expected;
  };
  const Case cases[] = {{20, 19, "tooFew"}, {20, 20, "refused"}, {20, 0, "tooFew"},
                        {1, 0, "tooFew"},   {1, 1, "refused"},   {0, 0, "passed"},
                        {0, 1, "refused"}};
  for (const Case& c : cases) {
    CAPTURE(c.min_sample);
    CAPTURE(c.all);
    const GuardReport report =
        guarded(kBefore, kMoving, devices(c.all, c.all), {.min_sample = c.min_sample});
    CHECK(verdict_name(report.verdict) == c.expected);
    // What would move is told all the same.
    CHECK(report.moved() == c.all);
  }
  const GuardReport off = guarded(kBefore, kMoving, devices(50, 50), {.is_off = true});
  CHECK(off.verdict == GuardVerdict::Off);
  CHECK(off.may_pass());
  CHECK(off.compared == 0);
  CHECK(guard_json(off)["verdict"] == "off");
  CHECK(guard_text(off) ==
        "the reload guard is off (`reload.guard`): nobody has looked whom the new rules move");
}

TEST_CASE("guard: devices count once, by their last request, whatever the letter case") {
  const auto before = in_force(kBefore);
  RecentRequests requests(1000);
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 20; ++i) {
      const std::string id = (i < 4 ? "m-x" : "s-x") + std::to_string(i);
      requests.add(decided(before, device(round == 1 ? upper(id) : id)));
    }
  const auto after = in_force(kMoving);
  const GuardReport report =
      guard_reload(before->rules(), after->rules(), requests.snapshot(), {}, Moment(), {});
  CHECK(report.compared == 20);
  CHECK(report.moved() == 4);
  CHECK(report.verdict == GuardVerdict::Passed);

  // Of a device that asks for something else now, only that counts.
  const char* by_payload =
      "  - {name: some, match: {payload.v: 2}, allocate: {hub: b}}\n"
      "  - {name: all, allocate: {hub: a}}\n";
  RecentRequests again(1000);
  again.add(decided(before, device("A", R"(,"payload":{"v":2})")));
  again.add(decided(before, device("b", R"(,"payload":{"v":1})")));
  again.add(decided(before, device("a", R"(,"payload":{"v":1})")));
  again.add(decided(before, device("B", R"(,"payload":{"v":2})")));
  const auto paying = in_force(by_payload);
  const GuardReport second = guard_reload(before->rules(), paying->rules(), again.snapshot(),
                                          {.min_sample = 1}, Moment(), {});
  CHECK(second.compared == 2);
  REQUIRE(second.devices.size() == 1);
  CHECK(second.devices[0].registration_id == "B");
}

TEST_CASE("guard: neither time nor what was decided then makes a move") {
  // The twin tells the time of the decision, and the same rules decide anew.
  const std::string rules = "  - {name: all, allocate: {initialTwin: {tags: {at: '${now}'}}}}\n";
  const GuardReport report = guarded(rules, rules, devices(30, 30));
  CHECK(report.count(Change::None) == 30);
  CHECK(report.verdict == GuardVerdict::Passed);
}

TEST_CASE("guard: a table that changed counts") {
  const auto with_table = [](const std::string& table) {
    std::vector<std::unique_ptr<SourceFile>> files;
    files.push_back(std::make_unique<SourceFile>(
        "r.yaml", "r.yaml",
        "lookups: {place: {table: t.csv, key: registrationId, column: id}}\n"
        "rules:\n  - {name: all, allocate: {hub: '${place.hub}'}}\n"));
    std::vector<std::unique_ptr<SourceFile>> tables;
    tables.push_back(std::make_unique<SourceFile>("t.csv", "t.csv", table));
    LoadedRules loaded = load_rules_from(files, {}, tables);
    REQUIRE(loaded.rules);
    return loaded.rules;
  };
  const auto before = with_table("id,hub\nd1,a\nd2,a\nd3,c\n");
  const auto after = with_table("id,hub\nd1,a\nd2,b\n");
  const GuardReport report =
      guard_reload(*before, *after, recent({device("d1"), device("d2"), device("d3")}),
                   {.min_sample = 1}, Moment(), {});
  CHECK(report.count(Change::None) == 1);
  CHECK(report.count(Change::MovedHub) == 1);
  CHECK(report.count(Change::NewlyRefused) == 1);
}

TEST_CASE("guard: when time is up, the devices seen last tell") {
  const auto before = in_force(kBefore);
  const auto after = in_force(kMoving);
  const RecentBodies bodies = recent(devices(100, 25));
  const auto after_asking = [&](int times) {
    return guard_reload(before->rules(), after->rules(), bodies, {}, Moment(), {},
                        [asked = 0, times]() mutable { return ++asked > times; });
  };
  const GuardReport some = after_asking(25);
  CHECK(some.compared == 25);
  CHECK(some.out_of_time == 75);
  CHECK(some.moved() == 25);
  CHECK(some.verdict == GuardVerdict::Refused);
  CHECK(some.devices.size() == 1);  // one is always worth it
  CHECK(guard_json(some)["outOfTime"] == 75);
  CHECK(guard_text(some).find("75 devices not compared: it would have taken too long") !=
        std::string::npos);

  const GuardReport hardly_any = after_asking(19);
  CHECK(hardly_any.compared == 19);
  CHECK(hardly_any.verdict == GuardVerdict::TooFew);
  CHECK(after_asking(0).compared == 0);

  CHECK(after_cpu_time(std::chrono::nanoseconds(0))());
  CHECK_FALSE(after_cpu_time(std::chrono::hours(1))());
  const TimeIsUp soon = after_cpu_time(std::chrono::milliseconds(1));
  while (!soon()) {}  // computing, it gets there
}

TEST_CASE("guard: the report in JSON and in words") {
  const char* from =
      "  - {name: toasters, match: {registrationId: {startsWith: t-}}, allocate: {hub: a}}\n"
      "  - {name: all, allocate: {hub: b}}\n";
  const char* to =
      "  - {name: toasters, match: {registrationId: {startsWith: t-}}, allocate: {hub: c}}\n"
      "  - {name: pumps, match: {registrationId: {startsWith: p-}}, unauthorized: not here}\n"
      "  - {name: all, allocate: {hub: b}}\n";
  const std::vector<std::string> bodies = {device("t-1"), device("t-2"), device("p-1"),
                                           device("o-1")};
  GuardReport report = guarded(from, to, bodies, {.min_sample = 4});
  report.too_large = 1;
  CHECK(guard_json(report) == Json::parse(R"({
    "verdict": "refused", "compared": 4, "unchanged": 1, "moved": 3, "share": 0.75,
    "maxMoved": 0.2, "minSample": 4, "tooLarge": 1, "outOfTime": 0,
    "newlyRefused": 1, "newlyAccepted": 0, "movedHub": 2, "twinChanged": 0, "payloadChanged": 0,
    "otherChanged": 0,
    "moves": [{"from": "a.h", "to": "c.h", "devices": 2},
              {"from": "b.h", "to": null, "devices": 1}],
    "moreMoves": 0,
    "rules": [{"rule": "pumps", "gained": 1, "lost": 0}, {"rule": "all", "gained": 0, "lost": 1}],
    "moreRules": 0,
    "devices": [
      {"registrationId": "p-1", "kind": "newlyRefused",
       "from": {"outcome": "allocate", "rule": "all", "hub": "b.h", "reason": null},
       "to": {"outcome": "unauthorized", "rule": "pumps", "hub": null, "reason": "not here"}},
      {"registrationId": "t-1", "kind": "movedHub",
       "from": {"outcome": "allocate", "rule": "toasters", "hub": "a.h", "reason": null},
       "to": {"outcome": "allocate", "rule": "toasters", "hub": "c.h", "reason": null}},
      {"registrationId": "t-2", "kind": "movedHub",
       "from": {"outcome": "allocate", "rule": "toasters", "hub": "a.h", "reason": null},
       "to": {"outcome": "allocate", "rule": "toasters", "hub": "c.h", "reason": null}}]})"));
  CHECK(
      guard_text(report) ==
      "the reload guard holds the new rules back: 3 of the 4 devices seen last (75 %) would lose "
      "the hub that they have, more than the 20 % that `reload.guard.maxMoved` allows\n"
      "  1 device not compared: too large a request to be kept\n"
      "  1 newly refused, 2 on another hub\n"
      "  a.h → c.h: 2 devices\n"
      "  b.h → (refused): 1 device\n"
      "  rule pumps: gains 1, loses 0\n"
      "  rule all: gains 0, loses 1\n"
      "  `p-1`: b.h (all) → unauthorized by pumps: `not here`\n"
      "  `t-1`: a.h (toasters) → c.h (toasters)\n"
      "  `t-2`: a.h (toasters) → c.h (toasters)\n"
      "  the rules in force stay; if this is what you want, `allocd reload --force` takes the new "
      "ones");
  CHECK(guard_text(guarded(from, from, bodies, {.min_sample = 4})) ==
        "the reload guard lets the new rules pass: 0 of the 4 devices seen last (0 %) would lose "
        "the hub that they have, not more than the 20 % that `reload.guard.maxMoved` allows");
  CHECK(guard_text(guarded(from, from, {device("a")})) ==
        "the reload guard lets the new rules pass unjudged: it compared 1 device, fewer than the "
        "20 of `reload.guard.minSample`");
}

TEST_CASE("guard: no rule has a name too") {
  const char* none = "  - {name: x, match: {registrationId: x}, allocate: {}}\n";
  const GuardReport report = guarded(kBefore, none, devices(1, 0), {.min_sample = 1});
  CHECK(guard_json(report)["rules"] ==
        Json::parse(R"([{"rule":"all","gained":0,"lost":1},{"rule":null,"gained":1,"lost":0}])"));
  CHECK(guard_text(report).find("\n  no rule: gains 1, loses 0\n") != std::string::npos);
  CHECK(guard_text(report).find("→ reject by no rule: `Unrecognized device registration.`") !=
        std::string::npos);
}

TEST_CASE("guard: of many, the greatest are told and the others counted") {
  // Each device has a rule and hubs of its own; those of the lowest numbers come up most.
  std::string from, to;
  std::vector<std::string> bodies;
  for (int rule = 0; rule < 30; ++rule) {
    const std::string n = std::to_string(10 + rule);
    from += "  - {name: r" + n + ", match: {registrationId: {startsWith: d" + n +
            "}}, allocate: {hub: x" + n + "}}\n";
    to += "  - {name: s" + n + ", match: {registrationId: {startsWith: d" + n + "}}, " +
          (rule % 2 == 0 ? "reject: no}\n" : "allocate: {hub: y" + n + "}}\n");
    for (int i = 0; i < 40 - rule; ++i)
      bodies.push_back(R"({"deviceRuntimeContext":{"registrationId":"d)" + n + "-" +
                       std::to_string(i) + R"("},"linkedHubs":["x)" + n + R"(.h","y)" + n +
                       R"(.h"]})");
  }
  const GuardReport report = guarded(from, to, bodies);
  REQUIRE(report.moves.size() == 20);
  CHECK(report.more_moves == 10);
  CHECK(report.moves[0].from == "x10.h");
  CHECK(report.moves[0].devices == 40);
  CHECK(report.moves[19].devices == 21);
  REQUIRE(report.rules.size() == 20);
  CHECK(report.more_rules == 40);
  CHECK(report.rules[0].gained == 40);
  CHECK(report.devices.size() == 20);
  CHECK(std::count_if(report.devices.begin(), report.devices.end(),
                      [](const auto& d) { return d.change == Change::NewlyRefused; }) == 10);
  const std::string text = guard_text(report);
  CHECK(lines_of(text) == 1 + 1 + 6 + 6 + 6 + 1);
  CHECK(text.find("\n  … and 25 more moves\n") != std::string::npos);
  CHECK(text.find("\n  … and 55 more rules\n") != std::string::npos);
  CHECK(text.find("\n  … and " + std::to_string(report.moved() - 5) + " more devices\n") !=
        std::string::npos);
}

TEST_CASE("guard: room for devices that one kind does not need is the other's") {
  struct Case {
    std::size_t refused, moved, refused_told, moved_told;
  };
  const Case cases[] = {{30, 30, 10, 10}, {30, 5, 15, 5}, {5, 30, 5, 15},
                        {30, 0, 20, 0},   {0, 30, 0, 20}, {3, 4, 3, 4}};
  const char* to =
      "  - {name: no, match: {registrationId: {startsWith: r-}}, reject: no}\n"
      "  - {name: b, match: {registrationId: {startsWith: m-}}, allocate: {hub: b}}\n"
      "  - {name: all, allocate: {hub: a}}\n";
  for (const Case& c : cases) {
    CAPTURE(c.refused);
    CAPTURE(c.moved);
    std::vector<std::string> bodies = devices(c.moved, c.moved);
    for (std::size_t i = 0; i < c.refused; ++i) bodies.push_back(device("r-" + std::to_string(i)));
    const GuardReport report = guarded(kBefore, to, bodies);
    std::map<Change, std::size_t> told;
    for (const auto& device : report.devices) ++told[device.change];
    CHECK(told[Change::NewlyRefused] == c.refused_told);
    CHECK(told[Change::MovedHub] == c.moved_told);
  }
}

TEST_CASE("guard: what is redacted is told nowhere") {
  const char* from = "  - {name: all, allocate: {hub: a}}\n";
  const char* to =
      "  - {name: b, match: {payload.secret: {startsWith: b}}, allocate: {hub: b}}\n"
      "  - {name: no, reject: 'no place for ${payload.secret} of ${registrationId}'}\n";
  std::vector<std::string> bodies;
  for (int i = 0; i < 12; ++i) {
    // One device has the name of its hub as its secret, and one its own ID.
    const std::string secret = i == 3 ? "b.h" : i == 4 ? "s-4" : "hush-" + std::to_string(100 + i);
    bodies.push_back(
        device("s-" + std::to_string(i), R"(,"payload":{"secret":")" + secret + "\"}"));
  }
  const GuardSettings settings{.min_sample = 1};
  const GuardReport open = guarded(from, to, bodies, settings);
  CHECK(guard_json(open).dump().find("hush-") != std::string::npos);
  CHECK(guard_text(open).find("hush-") != std::string::npos);

  const GuardReport report =
      guarded(from, to, bodies, settings, test::redacting({"payload.secret"}));
  const std::string json = guard_json(report).dump();
  CHECK(json.find("hush-") == std::string::npos);
  CHECK(json.find("s-4") == std::string::npos);
  CHECK(guard_text(report).find("hush-") == std::string::npos);
  CHECK(json.find("no place for [redacted] of s-1\"") != std::string::npos);
  CHECK(json.find("no place for [redacted] of [redacted]\"") != std::string::npos);
  CHECK(report.moved() == 12);
  REQUIRE(report.moves.size() == 2);
  CHECK(report.moves[1].to == "[redacted]");

  // Of a long text the whole is found before it is cut.
  const std::string long_secret(490, 'z');
  const GuardReport cut =
      guarded(from, "  - {name: no, reject: '${payload.pad}${payload.secret}'}\n",
              {device("x", R"(,"payload":{"secret":")" + long_secret + R"(","pad":")" +
                               std::string(500, 'p') + "\"}")},
              settings, test::redacting({"payload.secret"}));
  CHECK(guard_json(cut).dump().find("zz") == std::string::npos);
}

TEST_CASE("guard: nor what either set cut out of it") {
  const char* from =
      "  - {name: a, match: {payload.secret: {search: '^(?P<front>[a-z]+)'}}, "
      "allocate: {hub: '${front}'}}\n";
  const char* to =
      "  - {name: b, match: {payload.secret: {search: '(?P<end>[0-9]+)$'}}, "
      "reject: 'end ${end}'}\n";
  const GuardReport report = guarded(from, to, {device("d-1", R"(,"payload":{"secret":"a-4711"})")},
                                     {.min_sample = 1}, test::redacting({"payload.secret"}));
  REQUIRE(report.devices.size() == 1);
  CHECK(report.devices[0].from.hub == "[redacted].h");
  CHECK(report.devices[0].to.reason == "end [redacted]");
  REQUIRE(report.moves.size() == 1);
  CHECK(report.moves[0].from == "[redacted].h");
}

TEST_CASE("guard: hostile bodies are told in harmless words") {
  const auto before = in_force("  - {name: all, allocate: {hub: '*'}}\n");
  const auto after = in_force("  - {name: no, reject: 'no: ${payload.x:-nothing}'}\n");
  const std::string deep = std::string(60, '[') + std::string(60, ']');
  const std::vector<std::string> bodies = {
      // A request within a request, as the decision log has it.
      R"({"outcome":"reject","request":)" + device("inner") +
          R"(,"deviceRuntimeContext":{"registrationId":"outer-1"},"linkedHubs":["a.h"]})",
      R"({"request":)" + device("inner") +
          R"(,"\u0064eviceRuntimeContext":{"registrationId":"outer-2"},"linkedHubs":["a.h"]})",
      R"({"request":"no","deviceRuntimeContext":{"registrationId":"outer-3"},"linkedHubs":["a.h"]})",
      device("line\\nbreak"),
      device("\\u001b[31mred"),
      device("nul\\u0000byte"),
      device("\\\"quotes\\\" and `ticks`"),
      device("\xE2\x80\xAEright to left"),
      device(""),
      device(std::string(20'000, 'l')),
      device(std::string(511, 'l') + "\xE2\x82\xAC"),
      device("text", R"(,"payload":{"x":"\u0007\n\u2028 bell"})"),
      device("long", R"(,"payload":{"x":")" + std::string(30'000, 'x') + "\"}"),
      device("deep", R"(,"payload":)" + deep),
      R"({"deviceRuntimeContext":{"registrationId":"hubs"},"linkedHubs":["\u001b[2J\n"]})",
      R"({"deviceRuntimeContext":{"registrationId":"no hub"},"linkedHubs":[""]})",
  };
  RecentRequests requests(1000);
  for (const std::string& body : bodies) {
    CAPTURE(body.substr(0, 200));
    const std::size_t were = requests.snapshot().bodies.size();
    requests.add(decided(before, body));
    CHECK(requests.snapshot().bodies.size() == were + 1);
  }
  const GuardReport report = guard_reload(before->rules(), after->rules(), requests.snapshot(),
                                          {.min_sample = 1}, Moment(), {});
  CHECK(report.compared == bodies.size());
  CHECK(report.moved() == bodies.size());
  const std::string json = guard_json(report).dump();  // throws where a text is no UTF-8
  CHECK(json.size() < 40'000);
  CHECK(json.find("inner") == std::string::npos);
  for (const char* id : {"outer-1", "outer-2", "outer-3"})
    CHECK(json.find(id) != std::string::npos);

  for (const std::string& body : bodies) {
    CAPTURE(body.substr(0, 200));
    const GuardReport one = guard_reload(before->rules(), after->rules(), recent({body}),
                                         {.min_sample = 1}, Moment(), {});
    const std::string text = guard_text(one);
    CHECK(lines_of(text) == 7);
    CHECK(text.size() < 2500);
    CHECK(std::none_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }));
    CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
  }
}

namespace {

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  std::string rules() {
    std::string out;
    for (std::size_t i = 1 + below(6); i > 0; --i)
      // Few names, so that the same ones are in both sets, in any order.
      out += "  - {name: " + names_[names_.size() - i] + match() + ", " + outcome() + "}\n";
    std::shuffle(names_.begin(), names_.end(), random_);
    return out;
  }

  std::string request() {
    std::string id = of({"dev-", "lab-", "x"}) + std::to_string(below(40));
    if (below(3) == 0) id = upper(id);
    std::string more;
    if (below(2) == 0) more += R"(,"payload":{"v":)" + std::to_string(below(3)) + "}";
    if (below(4) == 0) more += R"(,"currentIotHubHostName":")" + of({"a.h", "B.h"}) + '"';
    std::string hubs;
    for (const char* hub : {"a.h", "b.h", "c.h"})
      if (below(4) > 0) hubs += (hubs.empty() ? "\"" : ",\"") + std::string(hub) + '"';
    std::string linked = R"(,"linkedHubs":[)" + hubs + "]";
    if (below(20) == 0) linked = "";  // no request: it is not counted
    return R"({"deviceRuntimeContext":{"registrationId":")" + id + '"' + more + "}" + linked + "}";
  }

 private:
  std::string of(const std::vector<std::string>& all) { return all[below(all.size())]; }

  std::string match() {
    switch (below(5)) {
      case 0: return "";
      case 1: return ", match: {payload.v: " + std::to_string(below(3)) + "}";
      case 2: return ", rollout: " + std::to_string(10 * below(11)) + "%";
      default:
        return ", match: {registrationId: {startsWith: " + of({"dev-", "lab-", "x", "dev-1"}) +
               "}}";
    }
  }

  std::string outcome() {
    switch (below(7)) {
      case 0: return "reject: " + of({"no", "never"});
      case 1: return "noHub: none";
      case 2: return "allocate: {hub: " + of({"a", "b"}) + ", onNoHub: continue}";
      case 3: return "allocate: {pick: spread, keepCurrent: true}";
      case 4:
        return "allocate: {hub: '*', initialTwin: {tags: {v: '${payload.v:-" + of({"1", "2"}) +
               "}'}}}";
      case 5: return "allocate: {hub: c, payload: {x: " + of({"1", "2"}) + "}}";
      default: return "allocate: {hub: [" + of({"a", "b", "c"}) + ", '*']}";
    }
  }

  std::mt19937 random_;
  std::vector<std::string> names_ = {"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"};
};

std::string rule_name(const Decision& decision) {
  return decision.rule != nullptr ? decision.rule->name : "";
}

}  // namespace

// Counted again in the plainest way: the last request of each device, decided twice.
TEST_CASE("guard: counts of random sets and traffic are those of a naive recount") {
  std::map<GuardVerdict, int> verdicts;
  for (unsigned seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    RandomWorld world(seed);
    const auto before = in_force(world.rules());
    const auto after = in_force(world.rules());
    RecentRequests requests(1000);
    std::map<std::string, std::string> last;
    for (std::size_t i = world.below(150); i > 0; --i) {
      const DecisionEvent event = decided(before, world.request());
      requests.add(event);
      if (event.body.find("linkedHubs") != std::string::npos)
        last[lower(*event.answer.registration_id)] = event.body;
    }
    const GuardSettings settings{
        .max_moved = Share{static_cast<std::uint32_t>(world.below(4) * 200'000)}, .min_sample = 15};

    std::map<Change, std::size_t> changes;
    std::map<std::pair<std::string, std::string>, std::size_t> moves;
    std::map<std::string, std::pair<std::size_t, std::size_t>> flows;
    for (const auto& entry : last) {
      const Decision from = answer(before->rules(), entry.second, Moment()).decision;
      const Decision to = answer(after->rules(), entry.second, Moment()).decision;
      ++changes[change_between(from, to)];
      if (lower(from.hub) != lower(to.hub)) ++moves[{from.hub, to.hub}];
      if (rule_name(from) != rule_name(to)) {
        ++flows[rule_name(from)].second;
        ++flows[rule_name(to)].first;
      }
    }
    const std::size_t moved = changes[Change::MovedHub] + changes[Change::NewlyRefused];
    const double share =
        last.empty() ? 0 : static_cast<double>(moved) / static_cast<double>(last.size());
    const GuardVerdict verdict = last.size() < 15 ? GuardVerdict::TooFew
                                 : share > settings.max_moved.millionths / 1e6 + 1e-9
                                     ? GuardVerdict::Refused
                                     : GuardVerdict::Passed;
    ++verdicts[verdict];

    const GuardReport report = guard_reload(before->rules(), after->rules(), requests.snapshot(),
                                            settings, Moment(), Redaction());
    CHECK(report.compared == last.size());
    CHECK(report.moved() == moved);
    CHECK(report.verdict == verdict);
    for (std::size_t i = 0; i < report.by_change.size(); ++i)
      CHECK(report.by_change[i] == changes[static_cast<Change>(i)]);
    std::map<std::pair<std::string, std::string>, std::size_t> told_moves;
    for (const auto& move : report.moves) told_moves[{move.from, move.to}] = move.devices;
    CHECK(told_moves == moves);
    std::map<std::string, std::pair<std::size_t, std::size_t>> told_flows;
    for (const auto& flow : report.rules) told_flows[flow.rule] = {flow.gained, flow.lost};
    CHECK(told_flows == flows);
    CHECK(report.devices.size() == std::min<std::size_t>(20, moved));
    for (const auto& device : report.devices) {
      const std::string& body = last[lower(device.registration_id)];
      const Decision from = answer(before->rules(), body, Moment()).decision;
      const Decision to = answer(after->rules(), body, Moment()).decision;
      CHECK(device.change == change_between(from, to));
      CHECK(device.from.hub == from.hub);
      CHECK(device.from.rule == rule_name(from));
      CHECK(device.to.hub == to.hub);
      CHECK(device.to.rule == rule_name(to));
      CHECK(device.to.reason == to.reason);
    }
  }
  CHECK(verdicts[GuardVerdict::Passed] > 20);
  CHECK(verdicts[GuardVerdict::Refused] > 20);
  CHECK(verdicts[GuardVerdict::TooFew] > 5);
}
