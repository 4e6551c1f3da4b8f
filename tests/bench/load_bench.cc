// What loading a rule set costs by the number of rules, in one file and in many, and what stays in
// memory. Up to 1,000 rules; with ALLOCD_BENCH_RULES=100000 in the environment, up to as many.
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "rulefile/load_rules.h"

namespace allocd {
namespace {

constexpr std::size_t kFiles = 20;  // of a set that is not in one

// A rule as people write it, of one of the kinds that fleets have.
std::string sample_rule(std::size_t i) {
  const std::string n = std::to_string(i);
  const std::string matchers[] = {
      "registrationId: {contains: \"-line" + n + "-\"}",
      "registrationId: {startsWith: \"site" + n + "-\"}",
      "registrationId: {matches: 'dev-" + n + "-[0-9]{4}'}",
      "registrationId: {endsWith: \"-m" + n + "\"}\n      payload.model: model-" + n,
      "payload.model: {in: [m" + n + "a, m" + n + "b]}",
  };
  return "  - name: line-" + n + "\n    description: Product line number " + n +
         "\n    match:\n      " + matchers[i % std::size(matchers)] +
         "\n    allocate:\n      hub: \"*-line" + n +
         "-*\"\n      pick: last\n      initialTwin:\n        tags: {deviceType: type" + n +
         ", line: \"" + n +
         "\"}\n        properties: {desired: {state: ready, interval: " + std::to_string(i % 100) +
         "}}\n";
}

std::vector<std::unique_ptr<SourceFile>> rule_files(std::size_t rules, std::size_t files) {
  std::vector<std::unique_ptr<SourceFile>> out;
  for (std::size_t file = 0; file < files; ++file) {
    std::string text = "version: 1\nrules:\n";
    for (std::size_t i = rules * file / files; i < rules * (file + 1) / files; ++i)
      text += sample_rule(i);
    const std::string name = std::to_string(file) + ".yaml";
    out.push_back(std::make_unique<SourceFile>(name, name, std::move(text)));
  }
  return out;
}

std::size_t heap_bytes() {
  const struct mallinfo2 heap = mallinfo2();  // of all threads
  return heap.uordblks + heap.hblkhd;
}

void load(benchmark::State& state, std::size_t file_count) {
  const auto rules = static_cast<std::size_t>(state.range(0));
  const auto files = rule_files(rules, file_count);
  double kept = 0;
  for (auto _ : state) {
    const std::size_t before = heap_bytes();
    const LoadedRules loaded = load_rules_from(files);
    if (loaded.rules == nullptr) return state.SkipWithError("the rules are not in order");
    kept = static_cast<double>(heap_bytes()) - static_cast<double>(before);
  }
  state.counters["bytes_a_rule"] = kept / static_cast<double>(rules);
  state.counters["rules"] =
      benchmark::Counter(static_cast<double>(rules), benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  const char* asked = std::getenv("ALLOCD_BENCH_RULES");
  const long most = asked != nullptr ? std::strtol(asked, nullptr, 10) : 1'000;
  for (const std::int64_t n : {100, 1'000, 10'000, 100'000}) {
    if (n > most) continue;
    for (const std::size_t files : {std::size_t{1}, kFiles})
      benchmark::RegisterBenchmark(files == 1 ? "load/one_file" : "load/many_files", load, files)
          ->Arg(n)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace allocd
