// What a table of a million rows costs: its load, its memory, and finding a row.
#include <cstdio>
#include <malloc.h>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "rulefile/load_rules.h"
#include "rulefile/table_file.h"

namespace allocd {
namespace {

std::string inventory(std::size_t rows) {
  std::string text = "serial,site,floor,model,state\n";
  for (std::size_t i = 0; i < rows; ++i)
    text += "contoso-tstrsd-" + std::to_string(i * 7919) + ",site-" + std::to_string(i % 400) +
            ',' + std::to_string(i % 40) + ",\"model T, " + std::to_string(i % 9) + "\",active\n";
  return text;
}

const SourceFile kRule("r.yaml", "r.yaml", "registrationId");

LookupSpec by_serial() {
  LookupSpec lookup;
  lookup.key = {"registrationId", {&kRule, 0, 14}};
  return lookup;
}

std::size_t heap_bytes() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

// Text of a file in, table out: no disk, no hash. Counts what stays in memory beside the text.
void load_table(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const std::string text = inventory(rows);
  double beyond = 0;
  for (auto _ : state) {
    const std::size_t before = heap_bytes();
    std::shared_ptr<const LookupTable> table;
    {
      const SourceFile file("t.csv", "t.csv", text);
      Diagnostics diagnostics;
      table = read_table(file, by_serial(), diagnostics);
    }
    beyond = static_cast<double>(heap_bytes() - before) - static_cast<double>(text.size());
    benchmark::DoNotOptimize(table);
  }
  state.counters["bytes/row beyond text"] = beyond / static_cast<double>(rows);
  state.counters["bytes/row of text"] =
      static_cast<double>(text.size()) / static_cast<double>(rows);
}
BENCHMARK(load_table)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// The same as part of a rule set, as `serve` loads it: disk, revision, rules.
void load_set_with_table(benchmark::State& state) {
  const std::string folder = "/tmp/allocd-table-bench";
  const std::string rules = folder + "-rules.yaml";
  const std::string table = folder + ".csv";
  const auto write = [](const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) return;
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  write(table, inventory(static_cast<std::size_t>(state.range(0))));
  write(rules, "lookups: {device: {table: " + table +
                   ", key: registrationId}}\n"
                   "rules: [{name: a, match: {device: {exists: true}}, allocate: {}}]\n");
  for (auto _ : state) {
    const LoadedRules loaded = load_rules({rules});
    if (!loaded.rules) state.SkipWithError("the rules cannot be loaded");
  }
  std::remove(table.c_str());
  std::remove(rules.c_str());
}
BENCHMARK(load_set_with_table)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// Keys in an order that caches do not foresee; every fourth is not there.
void find_row(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const SourceFile file("t.csv", "t.csv", inventory(rows));
  Diagnostics diagnostics;
  const auto table = read_table(file, by_serial(), diagnostics);
  std::size_t i = 0;
  for (auto _ : state) {
    i = (i + 611'953) % (rows + rows / 3);
    char key[48];
    const int size = std::snprintf(key, sizeof key, "CONTOSO-tstrsd-%zu", i * 7919);
    benchmark::DoNotOptimize(table->find({key, static_cast<std::size_t>(size)}));
  }
}
BENCHMARK(find_row)->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace allocd
