// What two rule sets mean, held against each other: every difference is one, and no proof of
// sameness is wrong.
#include "analysis/rule_difference.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analysis/made_up_hubs.h"
#include "policy/sample_request.h"
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

Loaded rules_of(const std::vector<std::string>& rules) {
  std::string text = "rules:\n";
  for (const std::string& rule : rules) text += "  - " + rule + "\n";
  Loaded out;
  out.files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", text));
  out.loaded = load_rules_from(out.files);
  for (const Diagnostic& d : out.loaded.diagnostics.all()) CAPTURE(render(d));
  REQUIRE_MESSAGE(out.loaded.rules, text);
  return out;
}

std::string name_of(const Rule* rule) { return rule != nullptr ? rule->name : "none"; }

// Each witness is asked about, with both sets.
void check_witnesses(const RuleSet& from, const RuleSet& to, const MeaningComparison& found) {
  for (const MeaningDifference& difference : found.differences) {
    CAPTURE(difference.body);
    const Answer before = answer(from, difference.body, Moment());
    const Answer after = answer(to, difference.body, Moment());
    CHECK(before.decision.rule == difference.from);
    CHECK(after.decision.rule == difference.to);
    CHECK(difference.change != Change::None);
    CHECK(change_between(before.decision, after.decision) == difference.change);
    CHECK(before.registration_id == difference.registration_id);
  }
}

MeaningComparison compared(const Loaded& from, const Loaded& to) {
  const auto hubs = made_up_hubs(from.rules(), to.rules());
  MeaningComparison out = compare_meaning(from.rules(), to.rules(), hubs, {});
  check_witnesses(from.rules(), to.rules(), out);
  return out;
}

// "a→b newlyRefused x-1; …", or what is said where no difference was found.
std::string in_words(const MeaningComparison& found) {
  std::string out;
  for (const MeaningDifference& each : found.differences)
    out += (out.empty() ? "" : "; ") + name_of(each.from) + "→" + name_of(each.to) + ' ' +
           std::string(change_name(each.change)) + ' ' + each.registration_id;
  if (found.only_tried > 0) out += (out.empty() ? "" : "; ") + std::string("tried");
  if (found.not_analysed > 0) out += (out.empty() ? "" : "; ") + found.why_not;
  return found.is_proven_same() ? "same" : out;
}

}  // namespace

TEST_CASE("meaning: what is different between two sets") {
  const std::string lab = "{name: lab, match: {registrationId: {startsWith: lab}}, reject: x}";
  const std::string x1 = "{name: x1, match: {payload.x: 1}, reject: one}";
  const std::string rest = "{name: rest, allocate: {}}";
  struct Case {
    std::string name;
    std::vector<std::string> from;
    std::vector<std::string> to;
    std::string expected;
  };
  const Case cases[] = {
      {"the same", {lab, rest}, {lab, rest}, "same"},
      {"renamed",
       {lab},
       {"{name: b, match: {registrationId: {startsWith: LAB}}, reject: x}"},
       "same"},
      {"another text",
       {lab},
       {"{name: b, match: {registrationId: {startsWith: lab}}, reject: y}"},
       "lab→b otherChanged lab"},
      {"a rule more", {rest}, {lab, rest}, "rest→lab newlyRefused lab"},
      {"a rule less", {lab, rest}, {rest}, "lab→rest newlyAccepted lab"},
      {"a rule that changes nothing",
       {lab},
       {lab, "{name: b, match: {registrationId: {startsWith: lab-1}}, reject: z}"},
       "same"},
      {"swapped, and it matters", {lab, x1}, {x1, lab}, "lab→x1 otherChanged lab"},
      {"swapped, and it does not",
       {x1, "{name: x2, match: {payload.x: 2}, reject: two}"},
       {"{name: x2, match: {payload.x: 2}, reject: two}", x1},
       "same"},
      {"wider",
       {"{name: a, match: {registrationId: {glob: 'a?'}}, reject: x}"},
       {"{name: a, match: {registrationId: {glob: 'a*'}}, reject: x}"},
       "none→a otherChanged a"},
      {"split in two",
       {"{name: a, match: {registrationId: {matches: '[ab]'}}, reject: x}"},
       {"{name: a, match: {registrationId: a}, reject: x}",
        "{name: b, match: {registrationId: b}, reject: x}"},
       "same"},
      {"nothing decided, and the same text",
       {lab},
       {lab, "{name: b, reject: Unrecognized device registration.}"},
       "tried"},
      {"a bound of a field",
       {"{name: a, match: {payload.n: {gt: 3}}, reject: x}"},
       {"{name: a, match: {payload.n: {gte: 3}}, reject: x}"},
       "none→a otherChanged a"},
      {"a template that says the same",
       {"{name: a, match: {registrationId: {startsWith: a}}, reject: 'no ${registrationId}'}"},
       {"{name: b, match: {registrationId: {startsWith: a}}, reject: \"no ${registrationId}\"}"},
       "tried"},
      {"another hub",
       {"{name: a, match: {registrationId: a}, allocate: {hub: h1}}"},
       {"{name: a, match: {registrationId: a}, allocate: {hub: h2}}"},
       "a→a movedHub a"},
      {"another twin",
       {"{name: a, match: {registrationId: a}, allocate: {}}"},
       {"{name: a, match: {registrationId: a}, allocate: {initialTwin: {tags: {a: 1}}}}"},
       "a→a twinChanged a"},
      {"a certificate cannot be made up",
       {"{name: a, match: {certificate.subject.O: x}, reject: x}"},
       {"{name: a, match: {certificate.subject.O: x}, reject: y}"},
       "no request was found that reaches them"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Loaded from = rules_of(c.from);
    const Loaded to = rules_of(c.to);
    CHECK(in_words(compared(from, to)) == c.expected);
  }
}

TEST_CASE("meaning: there is an end to looking") {
  const Loaded from = rules_of({"{name: a, match: {registrationId: a}, reject: x}",
                                "{name: b, match: {registrationId: b}, reject: x}"});
  const Loaded to = rules_of({"{name: a, match: {registrationId: a}, reject: y}",
                              "{name: b, match: {registrationId: b}, reject: y}"});
  const auto hubs = made_up_hubs(from.rules(), to.rules());
  const MeaningComparison one = compare_meaning(from.rules(), to.rules(), hubs, {.differences = 1});
  CHECK(one.differences.size() == 1);
  CHECK_FALSE(one.in_time);
  const MeaningComparison none =
      compare_meaning(from.rules(), to.rules(), hubs, {.time_is_up = [] { return true; }});
  CHECK(none.differences.empty());
  CHECK_FALSE(none.in_time);
  CHECK_FALSE(none.is_proven_same());
}

namespace {

// Whether any request of few letters is answered differently.
bool differ(const RuleSet& from, const RuleSet& to, const std::vector<std::string>& hubs) {
  std::vector<std::string> ids = {""};
  for (std::size_t i = 0; i < ids.size() && ids[i].size() < 3; ++i)
    for (const char c : {'a', 'b', 'A', '-', 'c'}) ids.push_back(ids[i] + c);
  for (const std::string& id : ids) {
    if (id.empty()) continue;
    for (const auto& value : {std::optional<Json>(), std::optional<Json>(1), std::optional<Json>(2),
                              std::optional<Json>(0), std::optional<Json>("1")}) {
      SampleRequest sample{.registration_id = id, .linked_hubs = hubs};
      if (value) sample.payload = Json{{"x", *value}};
      const std::string body = request_body(sample).dump();
      if (change_between(answer(from, body, Moment()).decision,
                         answer(to, body, Moment()).decision) != Change::None)
        return true;
    }
  }
  return false;
}

}  // namespace

// The second set is the first one changed in one place, or in none that matters.
TEST_CASE("meaning: random sets that are proven the same are, and witnesses hold") {
  test::RandomMatches random(1123);
  const std::vector<std::string> outcomes = {"reject: x", "reject: y", "allocate: {hub: a}",
                                             "allocate: {hub: 'a*'}", "allocate: {}"};
  int same = 0;
  int different = 0;
  int open = 0;
  int missed = 0;
  for (int round = 0; round < 150; ++round) {
    struct Written {
      std::string match;
      std::string outcome;
    };
    std::vector<Written> rules(2 + random.below(4));
    for (Written& rule : rules) {
      rule.match = random.below(2) == 0 ? random.match() : random.narrow_match();
      rule.outcome = outcomes[random.below(outcomes.size())];
    }
    std::vector<Written> changed = rules;
    const std::size_t at = random.below(changed.size());
    const auto place = changed.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random.below(5)) {
      case 0: place->match = random.narrow_match(); break;
      case 1: place->outcome = outcomes[random.below(outcomes.size())]; break;
      case 2: changed.erase(place); break;
      case 3: changed.insert(place, {random.narrow_match(), outcomes[random.below(3)]}); break;
      default: std::swap(changed.front(), changed.back()); break;
    }
    const auto load = [](const std::vector<Written>& written) {
      std::vector<std::string> out;
      for (std::size_t i = 0; i < written.size(); ++i)
        out.push_back("{name: r" + std::to_string(i) + ", match: " + written[i].match + ", " +
                      written[i].outcome + "}");
      return rules_of(out);
    };
    const Loaded from = load(rules);
    const Loaded to = load(changed);
    std::string all;
    for (const Loaded* set : {&from, &to}) all += set->files[0]->text();
    CAPTURE(all);
    const MeaningComparison found = compared(from, to);
    CAPTURE(in_words(found));
    if (!found.differences.empty()) {
      ++different;
      continue;
    }
    const bool differs = differ(from.rules(), to.rules(), made_up_hubs(from.rules(), to.rules()));
    if (found.is_proven_same()) {
      ++same;
      CHECK_FALSE(differs);
    } else {
      ++open;
      if (differs) ++missed;
    }
  }
  CAPTURE(open);
  CAPTURE(missed);
  CHECK(same > 15);
  CHECK(different > 50);
  CHECK(open < 20);
  CHECK(missed == 0);
}

}  // namespace allocd
