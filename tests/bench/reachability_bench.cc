// What it costs to look for rules that can never decide, among 5,000 realistic ones of which one
// is planted.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "analysis/reachability.h"
#include "rulefile/load_rules.h"

namespace allocd {
namespace {

constexpr int kRules = 5'000;

std::string number(int i) {
  char text[8];
  std::snprintf(text, sizeof text, "%04d", i);
  return text;
}

// The ways in which people tell their product lines apart.
std::string match_of(int i, bool only_contains) {
  const std::string n = number(i);
  switch (only_contains ? 0 : i % 8) {
    case 0: return "registrationId: {contains: '-line" + n + "-'}";
    case 1: return "registrationId: {startsWith: plant" + n + "-}";
    case 2: return "registrationId: {matches: 'dev-" + n + "-[0-9]{4,8}'}";
    case 3: return "registrationId: {matches: '[a-z]+[0-9]*-model" + n + "-\\d+'}";
    case 4: return "registrationId: {glob: 'site" + n + "-*-oven'}";
    case 5: return "registrationId: {endsWith: '-t" + n + "'}";
    case 6: return "registrationId: {startsWith: edge-}, payload.model: M" + n;
    default: return "registrationId: {search: '-(eu|us)" + n + "-'}, payload.tier: gold";
  }
}

LoadedRules rules_of(bool only_contains) {
  std::string text = "rules:\n";
  for (int i = 0; i < kRules; ++i)
    text += "  - {name: rule" + number(i) + ", match: {" +
            (i == 4321 ? "registrationId: {matches: 'plant0009-line[0-9]+'}"
                       : match_of(i, only_contains && i != 9)) +
            "}, reject: x}\n";
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("bench.yaml", "bench.yaml", text));
  LoadedRules loaded = load_rules_from(files);
  loaded.rule_names.clear();
  return loaded;
}

void check(const Reachability& found) {
  if (found.count(RuleReach::Status::Unreachable) == 1 &&
      found.rules[4321].status == RuleReach::Status::Unreachable &&
      found.count(RuleReach::Status::NotAnalysed) == 0)
    return;
  std::fprintf(stderr, "reachability: the planted rule is not what was found\n");
  std::exit(1);
}

void unreachable_among_5000(benchmark::State& state) {
  const LoadedRules loaded = rules_of(state.range(0) == 1);
  for (auto _ : state) {
    ReachabilityCache cache;
    check(analyse_reachability(*loaded.rules, cache, {}));
  }
}
BENCHMARK(unreachable_among_5000)
    ->Arg(0)
    ->Arg(1)
    ->ArgName("contains")
    ->Unit(benchmark::kMillisecond);

// Without the shortest IDs of the others.
void unreachable_among_5000_only(benchmark::State& state) {
  const LoadedRules loaded = rules_of(false);
  for (auto _ : state) {
    ReachabilityCache cache;
    check(analyse_reachability(*loaded.rules, cache, {.shortest_ids = false}));
  }
}
BENCHMARK(unreachable_among_5000_only)->Unit(benchmark::kMillisecond);

void unreachable_among_5000_again(benchmark::State& state) {
  const LoadedRules loaded = rules_of(false);
  ReachabilityCache cache;
  analyse_reachability(*loaded.rules, cache, {});
  for (auto _ : state) check(analyse_reachability(*loaded.rules, cache, {}));
}
BENCHMARK(unreachable_among_5000_again)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace allocd
