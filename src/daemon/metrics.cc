#include "daemon/metrics.h"

#include <utility>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "daemon/process_figures.h"
#include "diagnostics/diagnostic.h"

namespace allocd {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Families = std::vector<MetricFamily>;

// INVARIANT: Prometheus throws away a whole scrape for one label that is not UTF-8. Product lines
// are file names at times, and those may be any bytes.
std::string label(const std::string& text) { return printable(text); }

double seconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }

// One family, filled step by step.
class Family {
 public:
  Family(Families& families, std::string name, MetricType type, std::string help)
      : family_(families.emplace_back()) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  template <typename Number>
  Family& add(Number value, Labels labels = {}) {
    ClientMetric& metric = family_.metric.emplace_back();
    metric.label = std::move(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
        static_cast<double>(value);
    return *this;
  }
  void add(ClientMetric::Histogram histogram) {
    family_.metric.emplace_back().histogram = std::move(histogram);
  }

 private:
  MetricFamily& family_;  // of a list that does not grow meanwhile
};

Family counter(Families& families, std::string name, std::string help) {
  return {families, std::move(name), MetricType::Counter, std::move(help)};
}

Family gauge(Families& families, std::string name, std::string help) {
  return {families, std::move(name), MetricType::Gauge, std::move(help)};
}

void add_decisions(const DecisionFigures& figures, Families& families) {
  // Two names may look the same once they are printable; a series must not be there twice.
  std::map<std::string, DecisionFigures::ByOutcome> by_label;
  for (const auto& [product_line, counts] : figures.by_product_line)
    for (std::size_t i = 0; i < counts.size(); ++i) by_label[label(product_line)][i] += counts[i];

  Family decisions = counter(families, "allocd_decisions_total",
                             "Decisions by outcome and product line, which is empty where no rule "
                             "decided.");
  for (const auto& [product_line, counts] : by_label)
    for (std::size_t i = 0; i < counts.size(); ++i)
      decisions.add(counts[i], {{"outcome", std::string(outcome_name(kOutcomes[i]))},
                                {"product_line", product_line}});
}

void add_durations(const DecisionFigures& figures, Families& families) {
  ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < kDurationBuckets.size(); ++i) {
    histogram.sample_count += figures.durations[i];
    histogram.bucket.push_back({histogram.sample_count, seconds(kDurationBuckets[i])});
  }
  histogram.sample_count += figures.durations.back();
  histogram.sample_sum = seconds(figures.total);
  Family(families, "allocd_decision_duration_seconds", MetricType::Histogram,
         "Time from a whole request to its decision.")
      .add(std::move(histogram));
}

void add_answers(const MetricsSources& sources, Families& families) {
  // Those to be expected are there from the start: the first one is a rise then.
  std::map<int, std::uint64_t> by_status;
  for (const int status : {200, 400, 401, 404, 405, 413, 415, 500, 503}) by_status[status] = 0;
  for (const auto& [status, count] : sources.webhook_answers) by_status[status] += count;

  Family answers = counter(families, "allocd_http_requests_total",
                           "Answers of the webhook's listener by status, those that are no "
                           "decisions included.");
  for (const auto& [status, count] : by_status)
    answers.add(count, {{"code", std::to_string(status)}});
  gauge(families, "allocd_connections", "Connections to the webhook's listener.")
      .add(sources.webhook_connections);
}

void add_rules(const MetricsSources& sources, Families& families) {
  const RulesInForce* in_force = sources.in_force.get();
  gauge(families, "allocd_rules_loaded", "Rules in force.")
      .add(in_force != nullptr ? in_force->rules().rules().size() : 0);
  if (in_force == nullptr) return;
  gauge(families, "allocd_rules_info", "The revision of the rules in force.")
      .add(1, {{"revision", in_force->revision()}});
  if (!sources.per_rule) return;
  Family hits = counter(families, "allocd_rule_hits_total", "Decisions by the rule that decided.");
  const std::vector<Rule>& rules = in_force->rules().rules();
  for (std::size_t i = 0; i < rules.size(); ++i)
    hits.add(in_force->hits(i).count.load(std::memory_order_relaxed),
             {{"rule", label(rules[i].name)}});
}

void add_reloads(const MetricsSources& sources, Families& families) {
  const ReloadFigures& reloads = sources.reloads;
  counter(families, "allocd_rules_reloads_total", "Reloads by what came of them.")
      .add(reloads.success, {{"result", "success"}})
      .add(reloads.failure, {{"result", "failure"}})
      .add(reloads.refused, {{"result", "refused"}})
      .add(reloads.unchanged, {{"result", "unchanged"}});
  gauge(families, "allocd_rules_last_reload_successful",
        "Whether the rules on disk are in force: 0 after a failed or refused reload.")
      .add(reloads.last_successful ? 1 : 0);
  gauge(families, "allocd_rules_last_reload_success_timestamp_seconds",
        "When rules were last loaded from disk without a fault.")
      .add(seconds(reloads.last_success.time_since_epoch()));
  gauge(families, "allocd_rules_held_back",
        "Whether the reload guard keeps the rules on disk from coming into force.")
      .add(reloads.held_back ? 1 : 0);
  gauge(families, "allocd_degraded",
        "Whether the last good rules are served because those on disk are of no use.")
      .add(sources.degraded ? 1 : 0);
}

void add_candidate(const CandidateFigures& candidate, Families& families) {
  gauge(families, "allocd_candidate_rules", "Rules of the candidate set.").add(candidate.rules);
  counter(families, "allocd_candidate_compared_total",
          "Requests that were decided by the candidate set too.")
      .add(candidate.compared);
  Family differing = counter(families, "allocd_candidate_differing_total",
                             "Requests that the candidate set decides otherwise.");
  for (const Change change : kChanges) {
    const auto found = candidate.by_change.find(change);
    differing.add(found != candidate.by_change.end() ? found->second : 0,
                  {{"change", std::string(change_name(change))}});
  }
}

void add_process(const ProcessFigures& process, Families& families) {
  counter(families, "process_cpu_seconds_total", "Processor time used, by user and system.")
      .add(process.cpu_seconds);
  gauge(families, "process_resident_memory_bytes", "Resident memory.").add(process.resident_bytes);
  gauge(families, "process_virtual_memory_bytes", "Virtual memory.").add(process.virtual_bytes);
  gauge(families, "process_open_fds", "Open file descriptors.").add(process.open_descriptors);
  if (process.max_descriptors)
    gauge(families, "process_max_fds", "File descriptors that may be open.")
        .add(*process.max_descriptors);
  gauge(families, "process_start_time_seconds", "When the process started, since the epoch.")
      .add(process.start_time_seconds);
  gauge(families, "process_threads", "Threads.").add(process.threads);
}

}  // namespace

std::string metrics_text(const MetricsSources& sources) {
  Families families;
  add_decisions(sources.decisions, families);
  add_durations(sources.decisions, families);
  add_answers(sources, families);
  add_rules(sources, families);
  add_reloads(sources, families);
  counter(families, "allocd_decision_log_dropped_total",
          "Decisions that are not in the decision log, as it did not keep up or failed.")
      .add(sources.decision_log_dropped);
  if (sources.candidate) add_candidate(*sources.candidate, families);
  gauge(families, "allocd_build_info", "The version of the program.")
      .add(1, {{"version", sources.version}});
  if (const auto process = process_figures()) add_process(*process, families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace allocd
