// What Prometheus is told. Whether it understands is tests/metrics' to find out.
#include "daemon/metrics.h"

#include <fcntl.h>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "daemon/process_figures.h"

using namespace allocd;

namespace {

std::shared_ptr<const RulesInForce> in_force_of(const std::string& first, const std::string& second,
                                                const RulesInForce* before = nullptr) {
  std::vector<Rule> rules(2);
  rules[0].name = first;
  rules[1].name = second;
  auto set = std::make_shared<const RuleSet>(std::move(rules), FieldTable());
  return std::make_shared<const RulesInForce>(set, "0123456789ab",
                                              std::chrono::system_clock::time_point(), before);
}

// The value of each series, by name and labels as they stand there.
std::map<std::string, std::string> series_of(const MetricsSources& sources) {
  std::map<std::string, std::string> out;
  std::istringstream text(metrics_text(sources));
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t blank = line.rfind(' ');
    INFO(line);
    CHECK(out.emplace(line.substr(0, blank), line.substr(blank + 1)).second);
  }
  return out;
}

}  // namespace

TEST_CASE("all that is known at the scrape is told") {
  MetricsSources sources;
  sources.version = "1.2.3";
  sources.in_force = in_force_of("one", "two");
  sources.in_force->hits(1).count = 5;
  sources.degraded = true;
  sources.decisions.by_product_line["toasters"] = {1, 2, 3, 4, 5};
  sources.decisions.durations[0] = 10;
  sources.decisions.durations[1] = 4;
  sources.decisions.durations.back() = 1;
  sources.decisions.total = std::chrono::milliseconds(1500);
  sources.webhook_answers = {{200, 7}, {431, 1}};
  sources.webhook_connections = 3;
  sources.reloads.success = 2;
  sources.reloads.failure = 3;
  sources.reloads.refused = 4;
  sources.reloads.unchanged = 5;
  sources.reloads.last_successful = false;
  sources.reloads.held_back = true;
  sources.reloads.last_success =
      std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  sources.decision_log_dropped = 6;
  sources.candidate = CandidateFigures{9, 100, {{Change::MovedHub, 8}}};
  const auto series = series_of(sources);
  const std::pair<const char*, const char*> expected[] = {
      {R"(allocd_decisions_total{outcome="allocate",product_line="toasters"})", "1"},
      {R"(allocd_decisions_total{outcome="reject",product_line="toasters"})", "2"},
      {R"(allocd_decisions_total{outcome="unauthorized",product_line="toasters"})", "3"},
      {R"(allocd_decisions_total{outcome="noHub",product_line="toasters"})", "4"},
      {R"(allocd_decisions_total{outcome="retryLater",product_line="toasters"})", "5"},
      {R"(allocd_decision_duration_seconds_bucket{le="1e-06"})", "10"},
      {R"(allocd_decision_duration_seconds_bucket{le="2.5e-06"})", "14"},
      {R"(allocd_decision_duration_seconds_bucket{le="0.1"})", "14"},
      {R"(allocd_decision_duration_seconds_bucket{le="+Inf"})", "15"},
      {"allocd_decision_duration_seconds_count", "15"},
      {"allocd_decision_duration_seconds_sum", "1.5"},
      {R"(allocd_http_requests_total{code="200"})", "7"},
      {R"(allocd_http_requests_total{code="431"})", "1"},
      {R"(allocd_http_requests_total{code="503"})", "0"},
      {"allocd_connections", "3"},
      {"allocd_rules_loaded", "2"},
      {R"(allocd_rules_info{revision="0123456789ab"})", "1"},
      {R"(allocd_rule_hits_total{rule="one"})", "0"},
      {R"(allocd_rule_hits_total{rule="two"})", "5"},
      {R"(allocd_rules_reloads_total{result="success"})", "2"},
      {R"(allocd_rules_reloads_total{result="failure"})", "3"},
      {R"(allocd_rules_reloads_total{result="refused"})", "4"},
      {R"(allocd_rules_reloads_total{result="unchanged"})", "5"},
      {"allocd_rules_last_reload_successful", "0"},
      {"allocd_rules_last_reload_success_timestamp_seconds", "1700000000"},
      {"allocd_rules_held_back", "1"},
      {"allocd_degraded", "1"},
      {"allocd_decision_log_dropped_total", "6"},
      {"allocd_candidate_rules", "9"},
      {"allocd_candidate_compared_total", "100"},
      {R"(allocd_candidate_differing_total{change="movedHub"})", "8"},
      {R"(allocd_candidate_differing_total{change="newlyRefused"})", "0"},
      {R"(allocd_build_info{version="1.2.3"})", "1"},
  };
  for (const auto& [series_name, value] : expected) {
    const std::string name = series_name;
    CAPTURE(name);
    REQUIRE(series.count(name) == 1);
    CHECK(series.at(name) == value);
  }
}

TEST_CASE("what is counted is there with 0 before it happens; what does not exist is not there") {
  const auto series = series_of({});
  CHECK(series.at("allocd_rules_loaded") == "0");
  CHECK(series.at("allocd_degraded") == "0");
  CHECK(series.at("allocd_rules_held_back") == "0");
  CHECK(series.at("allocd_rules_last_reload_successful") == "1");
  for (const char* result : {"success", "failure", "refused", "unchanged"})
    CHECK(series.at("allocd_rules_reloads_total{result=\"" + std::string(result) + "\"}") == "0");
  for (const auto& [name, value] : series) {
    CHECK(name.find("allocd_candidate") == name.npos);
    CHECK(name.find("allocd_rules_info") == name.npos);
  }
}

TEST_CASE("hits by rule can be left out") {
  MetricsSources sources;
  sources.in_force = in_force_of("one", "two");
  sources.per_rule = false;
  const std::string text = metrics_text(sources);
  CHECK(text.find("allocd_rule_hits_total") == text.npos);
  CHECK(text.find("allocd_rules_loaded 2") != text.npos);
}

TEST_CASE("a reload takes hits along; those of rules that it drops are gone") {
  MetricsSources sources;
  sources.in_force = in_force_of("one", "two");
  sources.in_force->hits(0).count = 3;
  sources.in_force->hits(1).count = 4;
  sources.in_force = in_force_of("three", "one", sources.in_force.get());
  const auto series = series_of(sources);
  CHECK(series.at(R"(allocd_rule_hits_total{rule="one"})") == "3");
  CHECK(series.at(R"(allocd_rule_hits_total{rule="three"})") == "0");
  CHECK(series.count(R"(allocd_rule_hits_total{rule="two"})") == 0);
}

TEST_CASE("a product line of any bytes is a good label, and no series is there twice") {
  MetricsSources sources;
  sources.decisions.by_product_line["a\"b\\c\nd"] = {1, 0, 0, 0, 0};
  sources.decisions.by_product_line["\xff"] = {2, 0, 0, 0, 0};
  sources.decisions.by_product_line["\\xff"] = {3, 0, 0, 0, 0};
  const auto series = series_of(sources);  // which checks the second
  CHECK(series.at(R"(allocd_decisions_total{outcome="allocate",product_line="a\"b\\c\\nd"})") ==
        "1");
  CHECK(series.at(R"(allocd_decisions_total{outcome="allocate",product_line="\\xff"})") == "5");
}

TEST_CASE("large counts are told to the last digit") {
  MetricsSources sources;
  sources.decision_log_dropped = 9'007'199'254'740'992;
  CHECK(series_of(sources).at("allocd_decision_log_dropped_total") == "9007199254740992");
}

TEST_CASE("the process is told about") {
  const auto before = process_figures();
  REQUIRE(before);
  CHECK(before->resident_bytes > 1'000'000);
  CHECK(before->virtual_bytes >= before->resident_bytes);
  CHECK(before->threads >= 1);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
  CHECK(before->start_time_seconds <= now.count());
  CHECK(before->start_time_seconds > now.count() - 24 * 3600);

  const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Some processor time, as the clock of /proc ticks only now and then.
  auto after = process_figures();
  while (after && after->cpu_seconds <= before->cpu_seconds) after = process_figures();
  REQUIRE(after);
  CHECK(after->open_descriptors == before->open_descriptors + 1);
  CHECK(after->start_time_seconds == before->start_time_seconds);
  close(descriptor);

  const auto series = series_of({});
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_virtual_memory_bytes", "process_open_fds",
                           "process_start_time_seconds", "process_threads"})
    CHECK(series.count(name) == 1);
}
