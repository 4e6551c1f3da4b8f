// What a decision costs by the number of rules: through the index, in a plain loop over the rules,
// and by an RE2::Set of the same patterns. Up to 1,000 rules; with ALLOCD_BENCH_RULES=100000 in
// the environment, up to as many.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <re2/re2.h>
#include <re2/set.h>

#include "policy/decide.h"
#include "policy/rule_index.h"
#include "policy/sample_request.h"
#include "rulefile/load_rules.h"
#include "webhook/answer.h"
#include "webhook/parse_request.h"

namespace allocd {
namespace {

constexpr std::size_t kFreshIds = 20'000;

std::string number(std::size_t i) {
  std::string digits = std::to_string(i);
  return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

// A rule of one of the kinds that fleets have, an ID that it matches, and the same as a pattern.
struct SampleRule {
  Json match;
  std::string id;
  std::string pattern;
  Json payload = Json::object();
};

SampleRule sample_rule(std::size_t i) {
  const std::string n = number(i);
  const std::string letter(1, static_cast<char>('a' + i % 26));
  const auto of_id = [](const char* op, const std::string& operand) {
    return Json{{"registrationId", {{op, operand}}}};
  };
  // 1 % have no literal: digits and letters of a certain number.
  if (i % 100 == 57) {
    const std::string count = std::to_string(i / 100 % 40 + 3);
    const std::string pattern =
        "[0-9]{" + count + "}[a-f][g-z]+[0-9]{" + std::to_string(i / 4000 + 1) + "}";
    return {of_id("matches", pattern),
            std::string(i / 100 % 40 + 3, '7') + "cx" + std::string(i / 4000 + 1, '1'), pattern};
  }
  switch (i % 7) {
    case 0: return {of_id("endsWith", "-line" + n), "unit7-line" + n, ".*-line" + n};
    case 1:
      return {of_id("startsWith", "site" + n + "-"), "site" + n + "-door", "site" + n + "-.*"};
    case 2: return {of_id("contains", "-m" + n + "-"), "x12-m" + n + "-7", ".*-m" + n + "-.*"};
    case 3: {
      const std::string pattern = "oven-[" + letter + "x]" + n + "-[0-9]+";
      return {of_id("matches", pattern), "oven-" + letter + n + "-42", pattern};
    }
    case 4: {
      const std::string pattern = "(pump|fan)-" + n + "-(?P<unit>[a-z0-9]+)";
      return {of_id("matches", pattern), "fan-" + n + "-a7", "(pump|fan)-" + n + "-([a-z0-9]+)"};
    }
    case 5: {
      const std::string pattern = "[a-z]+-batch" + n + "[0-9]*";
      return {of_id("matches", pattern), "mill-batch" + n + "3", pattern};
    }
    default:
      return {Json{{"registrationId", {{"startsWith", "meter-"}}}, {"payload.model", "M" + n}},
              "meter-" + n, "meter-" + n, Json{{"model", "M" + n}}};
  }
}

std::string body_of(const SampleRule& rule) {
  SampleRequest request{.registration_id = rule.id,
                        .linked_hubs = {"hub-eu.azure-devices.net", "hub-us.azure-devices.net"}};
  if (!rule.payload.empty()) request.payload = rule.payload;
  return ::allocd::request_body(request).dump();
}

// Nothing where there is not memory enough. None of its automaton is built yet.
std::unique_ptr<RE2::Set> pattern_set(std::size_t count) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(false);
  options.set_max_mem(std::int64_t{1} << 30);
  auto out = std::make_unique<RE2::Set>(options, RE2::ANCHOR_BOTH);
  for (std::size_t i = 0; i < count; ++i) out->Add(sample_rule(i).pattern, nullptr);
  return out->Compile() ? std::move(out) : nullptr;
}

// Rules and requests of one size, made once.
struct Fleet {
  explicit Fleet(std::size_t rule_count) : count(rule_count) {
    Json rules = Json::array();
    for (std::size_t i = 0; i < count; ++i)
      rules.push_back({{"name", "r" + std::to_string(i)},
                       {"match", sample_rule(i).match},
                       {"allocate", {{"hub", "*"}}}});
    file =
        std::make_unique<SourceFile>("r.yaml", "r.yaml", Json{{"rules", std::move(rules)}}.dump());
    set = fresh_set();
    requests["first"] = body_of(sample_rule(0));
    requests["last"] = body_of(sample_rule(count - 1));
    requests["miss"] = body_of({{}, "lobby-contoso-fridge-001", "", {}});
    const auto began = std::chrono::steady_clock::now();
    const RuleIndex index(set->rules());
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    build_micros = took.count();
    index_bytes = index.bytes();
  }

  // No pattern of it has been tried yet.
  std::shared_ptr<const RuleSet> fresh_set() const {
    std::vector<std::unique_ptr<SourceFile>> files;
    files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", std::string(file->text())));
    return load_rules_from(files).rules;
  }

  std::size_t count;
  std::unique_ptr<SourceFile> file;
  std::shared_ptr<const RuleSet> set;
  std::map<std::string, std::string> requests;
  std::size_t index_bytes = 0;
  double build_micros = 0;
};

const Fleet& fleet(std::size_t count) {
  static std::map<std::size_t, std::unique_ptr<Fleet>> fleets;
  auto& out = fleets[count];
  if (out == nullptr) out = std::make_unique<Fleet>(count);
  return *out;
}

// IDs that differ all: most fit a rule somewhere, the others none.
const std::vector<std::string>& fresh_bodies(std::size_t count) {
  static std::map<std::size_t, std::vector<std::string>> bodies;
  auto& out = bodies[count];
  std::mt19937 random(static_cast<unsigned>(count));
  for (std::size_t i = out.size(); i < kFreshIds; ++i) {
    SampleRule rule = sample_rule(random() % count);
    if (i % 5 == 4) {
      rule.id = "lobby" + std::to_string(random()) + "-fridge" + std::to_string(i);
    } else if (rule.id.starts_with("site") || rule.id.starts_with("fan")) {
      rule.id += std::to_string(i);
    } else if (rule.id.starts_with("unit") || rule.id.starts_with("x12")) {
      rule.id.insert(0, "f" + std::to_string(i));
    } else if (rule.id.starts_with("oven") || rule.id.starts_with("mill")) {
      rule.id += std::to_string(i);
    }
    out.push_back(body_of(rule));
  }
  return out;
}

// Values as the daemon has them when it begins to decide.
class Values {
 public:
  Values(const RuleSet& rules, const std::string& body)
      : request_(std::get<AllocationRequest>(parse_request(body))),
        values_(values_of(rules.fields(), request_)) {}
  const RequestValues& get() const { return values_; }

 private:
  AllocationRequest request_;
  RequestValues values_;
};

const Rule* first_of_all(const RuleSet& rules, const FieldValues& fields, Captures& captures) {
  for (const Rule& rule : rules.rules()) {
    captures.assign(rule.variables.size(), std::nullopt);
    if (rule.match.holds(fields, captures)) return &rule;
  }
  return nullptr;
}

void whole_answer(benchmark::State& state, const char* which) {
  const Fleet& rules = fleet(static_cast<std::size_t>(state.range(0)));
  const std::string& body = rules.requests.at(which);
  for (auto _ : state) benchmark::DoNotOptimize(answer(*rules.set, body, Moment()));
}

void decide_indexed(benchmark::State& state, const char* which) {
  const Fleet& rules = fleet(static_cast<std::size_t>(state.range(0)));
  const Values values(*rules.set, rules.requests.at(which));
  for (auto _ : state) benchmark::DoNotOptimize(decide(*rules.set, values.get(), Moment()));
  state.counters["index_bytes_a_rule"] =
      static_cast<double>(rules.index_bytes) / static_cast<double>(rules.count);
  state.counters["index_build_us"] = rules.build_micros;
}

void plain_loop(benchmark::State& state, const char* which) {
  const Fleet& rules = fleet(static_cast<std::size_t>(state.range(0)));
  const Values values(*rules.set, rules.requests.at(which));
  Captures captures;
  for (auto _ : state)
    benchmark::DoNotOptimize(first_of_all(*rules.set, values.get().fields, captures));
}

void re2_set(benchmark::State& state, const char* which) {
  const auto count = static_cast<std::size_t>(state.range(0));
  static std::map<std::size_t, std::unique_ptr<RE2::Set>> sets;
  auto& patterns = sets[count];
  if (patterns == nullptr) patterns = pattern_set(count);
  if (patterns == nullptr) return state.SkipWithError("out of memory");
  const Fleet& rules = fleet(count);
  const Values values(*rules.set, rules.requests.at(which));
  const std::string id(*values.get().registration_id);
  std::vector<int> found;
  for (auto _ : state) benchmark::DoNotOptimize(patterns->Match(id, &found));
}

// Each ID is seen once by rules that have seen none: one pass over all of them.
template <typename Each>
void each_fresh(benchmark::State& state, Each&& each) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const Fleet& rules = fleet(count);
  for (auto _ : state) {
    state.PauseTiming();
    const std::shared_ptr<const RuleSet> set = rules.fresh_set();
    std::vector<std::unique_ptr<Values>> values;
    for (const std::string& body : fresh_bodies(count))
      values.push_back(std::make_unique<Values>(*set, body));
    state.ResumeTiming();
    const auto began = std::chrono::steady_clock::now();
    each(*set, *values.front());
    const std::chrono::duration<double, std::micro> first =
        std::chrono::steady_clock::now() - began;
    for (std::size_t i = 1; i < values.size(); ++i) each(*set, *values[i]);
    state.PauseTiming();
    state.counters["first_us"] = first.count();
    values.clear();
    state.ResumeTiming();
  }
  state.counters["mean"] = benchmark::Counter(
      static_cast<double>(kFreshIds),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void fresh_ids_indexed(benchmark::State& state) {
  each_fresh(state, [](const RuleSet& set, const Values& values) {
    benchmark::DoNotOptimize(decide(set, values.get(), Moment()));
  });
}

void fresh_ids_re2_set(benchmark::State& state) {
  const auto patterns = pattern_set(static_cast<std::size_t>(state.range(0)));
  if (patterns == nullptr) return state.SkipWithError("out of memory");
  std::vector<int> found;
  each_fresh(state, [&](const RuleSet&, const Values& values) {
    const std::string_view id = *values.get().registration_id;
    benchmark::DoNotOptimize(patterns->Match(re2::StringPiece(id.data(), id.size()), &found));
  });
}

void build_index(benchmark::State& state) {
  const Fleet& rules = fleet(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(RuleIndex(rules.set->rules()));
}

std::vector<std::int64_t> sizes() {
  const char* asked = std::getenv("ALLOCD_BENCH_RULES");
  const long most = asked != nullptr ? std::strtol(asked, nullptr, 10) : 1'000;
  std::vector<std::int64_t> out;
  for (const std::int64_t n : {2, 100, 1'000, 10'000, 100'000})
    if (n <= most) out.push_back(n);
  return out;
}

const bool kRegistered = [] {
  for (const std::int64_t n : sizes()) {
    for (const char* which : {"first", "last", "miss"}) {
      const std::string end = std::string("/") + which;
      benchmark::RegisterBenchmark(("rules/whole_answer" + end).c_str(), whole_answer, which)
          ->Arg(n);
      benchmark::RegisterBenchmark(("rules/decide_indexed" + end).c_str(), decide_indexed, which)
          ->Arg(n);
      benchmark::RegisterBenchmark(("rules/plain_loop" + end).c_str(), plain_loop, which)->Arg(n);
      benchmark::RegisterBenchmark(("rules/re2_set" + end).c_str(), re2_set, which)->Arg(n);
    }
    // More than one pass would make patterns that were tried before fresh ones no more.
    benchmark::RegisterBenchmark("rules/fresh_ids_indexed", fresh_ids_indexed)
        ->Arg(n)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("rules/fresh_ids_re2_set", fresh_ids_re2_set)
        ->Arg(n)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("rules/build_index", build_index)
        ->Arg(n)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace allocd
