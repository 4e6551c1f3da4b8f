// Counting decisions: by outcome and product line, over reloads, from many threads.
#include "daemon/decision_counts.h"

#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace allocd;
using std::chrono::nanoseconds;

namespace {

Rule rule_of(const std::string& product_line) {
  Rule rule;
  rule.name = "of-" + product_line;
  rule.product_line = product_line;
  return rule;
}

Decision decided_by(const Rule* rule, Outcome outcome) {
  Decision decision;
  decision.outcome = outcome;
  decision.rule = rule;
  return decision;
}

RuleSet rules_of(const std::vector<std::string>& product_lines) {
  std::vector<Rule> rules;
  for (const std::string& line : product_lines) rules.push_back(rule_of(line));
  return RuleSet(std::move(rules), FieldTable());
}

std::uint64_t sum(const auto& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("decisions are counted by outcome and product line") {
  DecisionCounts counts;
  const Rule toaster = rule_of("toasters");
  counts.count(decided_by(&toaster, Outcome::Allocate), nanoseconds(1));
  counts.count(decided_by(&toaster, Outcome::Allocate), nanoseconds(1));
  counts.count(decided_by(&toaster, Outcome::RetryLater), nanoseconds(1));
  counts.count(decided_by(nullptr, Outcome::Reject), nanoseconds(1));
  const auto figures = counts.figures();
  CHECK(figures.by_product_line == std::map<std::string, DecisionFigures::ByOutcome>{
                                       {"", {0, 1, 0, 0, 0}}, {"toasters", {2, 0, 0, 0, 1}}});
  CHECK(sum(figures.durations) == 4);
  CHECK(figures.total == nanoseconds(4));
}

TEST_CASE("product lines of a rule set are there with 0 before the first decision") {
  DecisionCounts counts;
  CHECK(counts.figures().by_product_line.size() == 1);
  counts.expect(rules_of({"toasters", "heatpumps", "toasters"}));
  const auto lines = counts.figures().by_product_line;
  CHECK(lines.size() == 3);
  CHECK(sum(lines.at("heatpumps")) == 0);
}

TEST_CASE(
    "nothing goes down when another rule set comes, and a product line that comes back goes on") {
  DecisionCounts counts;
  const Rule toaster = rule_of("toasters");
  counts.expect(rules_of({"toasters"}));
  counts.count(decided_by(&toaster, Outcome::Reject), nanoseconds(1));
  counts.expect(rules_of({"heatpumps"}));
  CHECK(sum(counts.figures().by_product_line.at("toasters")) == 1);
  counts.expect(rules_of({"toasters"}));
  counts.count(decided_by(&toaster, Outcome::Reject), nanoseconds(1));
  CHECK(sum(counts.figures().by_product_line.at("toasters")) == 2);
}

TEST_CASE("a duration is counted in the first bucket that it fits into") {
  const struct {
    const char* name;
    nanoseconds took;
    std::size_t bucket;
  } cases[] = {
      {"none at all", nanoseconds(0), 0},
      {"the first, whole", nanoseconds(1'000), 0},
      {"just beyond", nanoseconds(1'001), 1},
      {"the last, whole", nanoseconds(100'000'000), kDurationBuckets.size() - 1},
      {"beyond all", nanoseconds(100'000'001), kDurationBuckets.size()},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    DecisionCounts counts;
    counts.count(decided_by(nullptr, Outcome::Reject), c.took);
    const auto durations = counts.figures().durations;
    CHECK(durations[c.bucket] == 1);
    CHECK(sum(durations) == 1);
  }
}

TEST_SUITE("threads: decision counts") {
  TEST_CASE("no decision is lost while product lines are added and others read") {
    constexpr int kThreads = 4, kLines = 300, kRounds = 5;
    std::vector<Rule> rules;
    for (int i = 0; i < kLines; ++i) rules.push_back(rule_of("line-" + std::to_string(i)));
    DecisionCounts counts;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round)
          for (const Rule& rule : rules)
            counts.count(decided_by(&rule, Outcome::NoHub), nanoseconds(7));
      });
    std::uint64_t before = 0;
    while (before < kThreads * kLines * kRounds) {
      const std::uint64_t now = sum(counts.figures().durations);
      REQUIRE(now >= before);
      before = now;
    }
    for (std::thread& thread : threads) thread.join();
    const auto lines = counts.figures().by_product_line;
    REQUIRE(lines.size() == kLines + 1);
    for (const Rule& rule : rules)
      CHECK(lines.at(rule.product_line) ==
            DecisionFigures::ByOutcome{0, 0, 0, kThreads * kRounds, 0});
    CHECK(counts.figures().total == nanoseconds(7 * kThreads * kLines * kRounds));
  }
}
