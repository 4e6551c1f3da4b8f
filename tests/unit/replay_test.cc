// Recorded requests replayed against two rule sets: what counts as a change, and how much of it.
#include "analysis/replay.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rulefile/load_rules.h"

namespace allocd {
namespace {

std::shared_ptr<const RuleSet> rules_of(const std::string& text) {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", text));
  LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& d : loaded.diagnostics.all()) MESSAGE(render(d));
  REQUIRE(loaded.rules);
  return loaded.rules;
}

// A body, linked to the hubs a, b and c.
std::string body(const std::string& id, const std::string& more = "",
                 const std::string& policy = "{}") {
  return R"({"enrollmentGroup":{"reprovisionPolicy":)" + policy +
         R"(},"deviceRuntimeContext":{"registrationId":")" + id + '"' + more +
         R"(},"linkedHubs":["a.h","b.h","c.h"]})";
}

class Played {
 public:
  Played(const std::string& from, const std::string& to, const std::vector<std::string>& bodies)
      : from_(rules_of("rules:\n" + from)), to_(rules_of("rules:\n" + to)) {
    replay_ = std::make_unique<Replay>(*from_, *to_, Moment());
    std::size_t line = 0;
    for (const std::string& text : bodies) replay_->take({text, {}, ++line, 10 * line}, 7);
  }
  const Replay& operator*() const { return *replay_; }
  const Replay* operator->() const { return replay_.get(); }

 private:
  std::shared_ptr<const RuleSet> from_, to_;
  std::unique_ptr<Replay> replay_;
};

std::vector<std::string> ids_of(const Replay& replay, Change change) {
  std::vector<std::string> out;
  replay.for_each(change, [&](std::string_view id, const RecordedPlace&) {
    out.emplace_back(id);
    return true;
  });
  return out;
}

}  // namespace

TEST_CASE("change: the first kind that fits, as a device would notice it") {
  struct Case {
    const char* name;
    const char* from;
    const char* to;
    const char* expected;
  };
  const Case cases[] = {
      {"another rule, the same answer", "{name: a, allocate: {hub: a}}",
       "{name: b, allocate: {hub: a}}", "unchanged"},
      {"refused in the same words", "{name: a, reject: x}", "{name: b, reject: x}", "unchanged"},
      {"refused", "{name: a, allocate: {hub: a}}", "{name: a, retryLater: x}", "newlyRefused"},
      {"accepted", "{name: a, noHub: x}", "{name: a, allocate: {hub: a}}", "newlyAccepted"},
      {"moved, with another twin", "{name: a, allocate: {hub: a, initialTwin: {tags: {x: 1}}}}",
       "{name: a, allocate: {hub: b}}", "movedHub"},
      {"twin and payload", "{name: a, allocate: {payload: {x: 1}, initialTwin: {tags: {x: 1}}}}",
       "{name: a, allocate: {payload: {x: 2}, initialTwin: {tags: {x: 2}}}}", "twinChanged"},
      {"a twin that goes", "{name: a, allocate: {initialTwin: {tags: {x: 1}}}}",
       "{name: a, allocate: {}}", "twinChanged"},
      {"the same twin in another order",
       "{name: a, allocate: {initialTwin: {tags: {x: 1, y: {b: [{p: 1, q: 2}], c: 2.0}}}}}",
       "{name: a, allocate: {initialTwin: {tags: {y: {c: 2, b: [{q: 2, p: 1}]}, x: 1}}}}",
       "unchanged"},
      {"a payload", "{name: a, allocate: {payload: {x: 1}}}", "{name: a, allocate: {payload: {}}}",
       "payloadChanged"},
      {"another refusal", "{name: a, reject: x}", "{name: a, unauthorized: x}", "otherChanged"},
      {"other words", "{name: a, reject: x}", "{name: a, reject: y}", "otherChanged"},
      {"another reason why no rule decided", "{name: a, reject: Unrecognized device registration.}",
       "{name: a, match: {registrationId: none}, reject: x}", "unchanged"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Played played("  - " + std::string(c.from) + "\n", "  - " + std::string(c.to) + "\n",
                        {body("dev")});
    const ReplaySummary summary = played->summary();
    for (std::size_t i = 0; i < summary.by_change.size(); ++i)
      CHECK(summary.by_change[i] == (change_name(static_cast<Change>(i)) == c.expected ? 1 : 0));
  }
}

TEST_CASE("replay: every count, by hand") {
  const char* from = R"(
  - {name: gone, match: {registrationId: {startsWith: gone-}}, allocate: {hub: a}}
  - {name: moves, match: {registrationId: {startsWith: move-}}, allocate: {hub: a}}
  - {name: twins, match: {registrationId: {startsWith: twin-}}, allocate: {hub: c, initialTwin: {tags: {v: 1}}}}
  - {name: stays, match: {registrationId: {startsWith: stay-}}, allocate: {hub: c}}
)";
  const char* to = R"(
  - {name: new, match: {registrationId: {startsWith: new-}}, allocate: {hub: b}}
  - {name: moves, match: {registrationId: {startsWith: move-}}, allocate: {hub: b}}
  - {name: twins, match: {registrationId: {startsWith: twin-}}, allocate: {hub: c, initialTwin: {tags: {v: 2}}}}
  - {name: rest, match: {registrationId: {startsWith: stay-}}, allocate: {hub: c}}
)";
  const std::string on_a = R"(,"currentIotHubHostName":"A.h")";
  const std::string on_b = R"(,"currentIotHubHostName":"b.h")";
  const std::string on_c = R"(,"currentIotHubHostName":"c.h")";
  const char* reset = R"({"updateHubAssignment":true,"migrateDeviceData":false})";
  const char* never = R"({"updateHubAssignment":false,"migrateDeviceData":false})";
  const Played played(from, to,
                      {
                          body("gone-1"),
                          body("gone-2"),
                          body("new-1"),
                          body("move-1"),
                          body("move-2", on_a),
                          body("move-3", on_a, reset),
                          body("move-4", on_a, never),
                          body("move-5", on_b),
                          body("move-6", on_a),
                          body("twin-1"),
                          body("twin-2", on_c),
                          body("twin-3", on_a, reset),
                          body("stay-1"),
                          body("stay-1"),
                          body("STAY-1", on_c),
                          body("other"),
                      });
  const ReplaySummary s = played->summary();
  CHECK(s.requests == 16);
  CHECK(s.compared == 14);
  CHECK(s.skipped == 0);
  CHECK(s.count(Change::None) == 2);
  CHECK(s.count(Change::NewlyRefused) == 2);
  CHECK(s.count(Change::NewlyAccepted) == 1);
  CHECK(s.count(Change::MovedHub) == 6);
  CHECK(s.count(Change::TwinChanged) == 3);
  CHECK(s.count(Change::PayloadChanged) == 0);
  CHECK(s.count(Change::Other) == 0);
  CHECK(s.moved() == 8);
  REQUIRE(s.moves.size() == 3);
  CHECK(s.moves[0].from == "a.h");
  CHECK(s.moves[0].to == "b.h");
  CHECK(s.moves[0].devices == 6);
  // New, there already, migrated, reset, ignored.
  CHECK(s.moves[0].by_move == std::array<std::size_t, 5>{1, 1, 2, 1, 1});
  CHECK(s.moves[1].to == "");
  CHECK(s.moves[1].devices == 2);
  CHECK(s.moves[2].from == "");
  CHECK(s.moves[2].to == "b.h");
  CHECK(s.twins_by_move == std::array<std::size_t, 5>{1, 1, 0, 1, 0});
  std::map<std::string, std::pair<std::size_t, std::size_t>> flows;
  for (const RuleFlow& flow : s.rules) flows[std::string(flow.name)] = {flow.gained, flow.lost};
  CHECK(flows ==
        std::map<std::string, std::pair<std::size_t, std::size_t>>{
            {"new", {1, 0}}, {"rest", {1, 0}}, {"gone", {0, 2}}, {"stays", {0, 1}}, {"", {2, 1}}});
  CHECK(ids_of(*played, Change::NewlyRefused) == std::vector<std::string>{"gone-1", "gone-2"});
  CHECK(ids_of(*played, Change::None) == std::vector<std::string>{"stay-1", "other"});
}

TEST_CASE("replay: the last request of a device counts") {
  const char* from = "  - {name: r, allocate: {hub: a}}\n";
  const char* to =
      "  - {name: r, match: {payload.ok: true}, allocate: {hub: a}}\n"
      "  - {name: no, reject: x}\n";
  const std::string good = R"(,"payload":{"ok":true})";
  const Played played(
      from, to, {body("x"), body("y", good), body("X", good), body("y"), body("z"), body("z")});
  const ReplaySummary summary = played->summary();
  CHECK(summary.requests == 6);
  CHECK(summary.compared == 3);
  CHECK(summary.count(Change::NewlyRefused) == 2);
  played->for_each(Change::NewlyRefused, [&](std::string_view id, const RecordedPlace& place) {
    CHECK(id == "y");
    CHECK(place.file == 7);
    CHECK(place.offset == 40);
    CHECK(place.bytes == body("y").size());
    return false;  // and that was all
  });
  CHECK(ids_of(*played, Change::None) == std::vector<std::string>{"x"});
}

TEST_CASE("replay: what is no request is counted, with its line and the reason") {
  const char* rules = "  - {name: r, allocate: {hub: a}}\n";
  const Played played(rules, rules,
                      {"oops", R"({"deviceRuntimeContext":{}})", body("a"),
                       R"({"outcome":"reject","registrationId":"a"})",
                       R"({"outcome":"reject","request":)" + body("b") + "}",
                       R"({"deviceRuntimeContext":{"registrationId":"a","registrationId":"b"}})"});
  const ReplaySummary summary = played->summary();
  CHECK(summary.requests == 2);
  CHECK(summary.skipped == 4);
  std::vector<std::string> said;
  for (const SkippedPiece& piece : played->skipped())
    said.push_back(std::to_string(piece.line) + ": " + piece.reason);
  CHECK(said == std::vector<std::string>{
                    "1: The body is not JSON: unexpected `o` at byte 1.",
                    "2: Registration ID not provided for the device.",
                    "4: it is a record of a decision without the request",
                    "6: `deviceRuntimeContext` has the member `registrationId` twice."});
  const Played many(rules, rules, std::vector<std::string>(1000, "oops"));
  CHECK(many->summary().skipped == 1000);
  CHECK(many->skipped().size() == Replay::kMaxShown);
}

TEST_CASE("names: numbered in their order, whatever the letter case") {
  NameTable names;
  for (std::uint32_t i = 0; i < 5000; ++i)
    CHECK(names.number_of("Device-" + std::to_string(i)) == i);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    CHECK(names.number_of("dEVICE-" + std::to_string(i)) == i);
    CHECK(names.name(i) == "Device-" + std::to_string(i));
  }
  CHECK(names.number_of("") == 5000);
  CHECK(names.name(5000) == "");
  const std::string long_name(1 << 20, 'x');
  CHECK(names.number_of(long_name) == 5001);
  CHECK(names.name(5001) == long_name);
  CHECK(names.number_of("last") == 5002);
  CHECK(names.size() == 5003);
}

}  // namespace allocd
