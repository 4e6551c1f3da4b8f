// What the daemon tells Prometheus.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "analysis/decision_change.h"
#include "daemon/decision_counts.h"
#include "daemon/rules_in_force.h"

namespace allocd {

// Of all reloads since the start, the start not counted.
struct ReloadFigures {
  std::uint64_t success = 0;
  std::uint64_t failure = 0;
  std::uint64_t refused = 0;
  std::uint64_t unchanged = 0;
  // Whether what is on disk is in force: false after a failure or a refusal, and after a start with
  // the last good set; true after `unchanged`.
  bool last_successful = true;
  // Whether the guard keeps what is on disk from coming into force, since a reload or the start.
  bool held_back = false;
  std::chrono::system_clock::time_point last_success;  // the start's, where there was none since
};

// Of the set that is tried beside the one in force. The counts may begin anew with another set,
// which Prometheus takes for a restart.
struct CandidateFigures {
  std::size_t rules = 0;
  std::uint64_t compared = 0;
  std::map<Change, std::uint64_t> by_change;  // Change::None is not looked at
};

// What is known at the moment of a scrape.
struct MetricsSources {
  std::string version;
  std::shared_ptr<const RulesInForce> in_force;  // null: none yet
  bool per_rule = true;                          // `metrics.perRule`
  bool degraded = false;                         // served is the last good set
  DecisionFigures decisions;
  std::map<int, std::uint64_t> webhook_answers;  // HttpServer::answers() of the webhook
  std::size_t webhook_connections = 0;
  ReloadFigures reloads;
  std::uint64_t decision_log_dropped = 0;
  std::optional<CandidateFigures> candidate;  // nothing: none is configured
};

// All families in Prometheus' text format, those of the process included. Counters are never less
// than they were, with two exceptions: the hits of a rule that a reload dropped are there no
// longer, and the counts of a candidate are those of that set.
std::string metrics_text(const MetricsSources& sources);

// How HTTP calls that format.
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace allocd
