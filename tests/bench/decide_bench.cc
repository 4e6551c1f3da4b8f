// What a decision costs in process: the tutorial's rules, its request, and the parts of the way.
#include <fstream>
#include <sstream>

#include <benchmark/benchmark.h>

#include "rulefile/load_rules.h"
#include "webhook/answer.h"
#include "webhook/fast_request.h"
#include "webhook/parse_request.h"
#include "webhook/reply.h"

namespace allocd {
namespace {

const std::string kContoso = std::string(ALLOCD_SOURCE_DIR) + "/rules/contoso";

const RuleSet& contoso() {
  static const LoadedRules kLoaded = load_rules({kContoso});
  return *kLoaded.rules;
}

std::string request_body() {
  std::ifstream file(kContoso + "/request.json", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void whole_answer(benchmark::State& state) {
  const std::string body = request_body();
  for (auto _ : state) benchmark::DoNotOptimize(answer(contoso(), body, Moment()));
}
BENCHMARK(whole_answer);

void read_only(benchmark::State& state) {
  const std::string body = request_body();
  for (auto _ : state) benchmark::DoNotOptimize(read_fast(body, contoso().fields()));
}
BENCHMARK(read_only);

// The strict reader, for what the quick one leaves to it.
void parse_only(benchmark::State& state) {
  const std::string body = request_body();
  for (auto _ : state) benchmark::DoNotOptimize(parse_request(body));
}
BENCHMARK(parse_only);

// 50,000 members of a payload, which must not be looked for from the front each.
void parse_many_members(benchmark::State& state) {
  std::string body = R"({"deviceRuntimeContext":{"registrationId":"a","payload":{)";
  for (int i = 0; i < 50'000; ++i)
    body += (i == 0 ? "\"" : ",\"") + std::to_string(i % 30'000) + "\":1";
  body += R"(}},"linkedHubs":["h"]})";
  for (auto _ : state) benchmark::DoNotOptimize(parse_request(body));
}
BENCHMARK(parse_many_members);

void decide_only(benchmark::State& state) {
  const auto request = std::get<AllocationRequest>(parse_request(request_body()));
  const RequestValues values = values_of(contoso().fields(), request);
  for (auto _ : state) benchmark::DoNotOptimize(decide(contoso(), values, Moment()));
}
BENCHMARK(decide_only);

void render_only(benchmark::State& state) {
  const auto request = std::get<AllocationRequest>(parse_request(request_body()));
  const Decision decision = decide(contoso(), values_of(contoso().fields(), request), Moment());
  for (auto _ : state) benchmark::DoNotOptimize(render_reply(decision));
}
BENCHMARK(render_only);

void load_contoso(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(load_rules({kContoso}));
}
BENCHMARK(load_contoso);

}  // namespace
}  // namespace allocd
