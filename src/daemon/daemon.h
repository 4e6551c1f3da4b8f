// The parts of the running daemon, and how they hang together.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/admin_access.h"
#include "daemon/aftermath.h"
#include "daemon/beginning.h"
#include "daemon/candidate.h"
#include "daemon/current.h"
#include "daemon/decision_counts.h"
#include "daemon/decision_log.h"
#include "daemon/decision_memory.h"
#include "daemon/in_force.h"
#include "daemon/recent_requests.h"
#include "daemon/reloader.h"
#include "daemon/rule_analysis.h"
#include "daemon/rule_watch.h"
#include "daemon/serve.h"
#include "daemon/service_manager.h"
#include "daemon/watchdog.h"
#include "http/server.h"

namespace allocd {

// Serves from its construction to stop().
class Daemon {
 public:
  // `with`, `service` and `state` (which may be null) must outlive it; `log` may be null. Throws
  // ListenError, and std::system_error where the machine has no descriptors left.
  Daemon(const ServeWith& with, const ServiceManager& service, const LastGood* state,
         Beginning beginning, std::unique_ptr<InForce> in_force, std::unique_ptr<DecisionLog> log);

  // SIGHUP: reads everything anew, the log's file too.
  void reload();
  // Finishes what is in flight, answers and records, and returns.
  void stop(const char* why);

 private:
  void take(DecisionEvent event);
  void reload_ended(const ReloadResult& result, const std::vector<RulePath>* tables);
  void load_candidate();
  void watch();
  std::unique_ptr<RuleWatch> watch(const std::vector<std::string>& paths,
                                   std::function<void()> changed) const;
  std::string status_line() const;
  Json status() const;
  std::string metrics() const;

  const ServeWith& with_;
  const Config& config_;
  const ServiceManager& service_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<bool> stopping_ = false;

  std::unique_ptr<InForce> in_force_;
  std::unique_ptr<DecisionLog> log_;
  DecisionMemory memory_;
  RecentRequests recent_;
  DecisionCounts counts_;
  std::mutex candidate_turn_;
  std::optional<Candidate> candidate_;
  std::unique_ptr<RuleAnalysis> analysis_;
  std::unique_ptr<Aftermath> aftermath_;
  // Whoever reloads tells it what was read; none before it is there, and after stop().
  std::mutex watch_mutex_;
  std::unique_ptr<RuleWatch> watch_;
  std::unique_ptr<RuleWatch> candidate_watch_;
  std::optional<Reloader> reloader_;

  const std::function<void()> settle_ = [this] { aftermath_->settle(std::chrono::seconds(1)); };
  const std::function<Json()> status_ = [this] { return status(); };
  const std::function<std::string()> metrics_ = [this] { return metrics(); };
  Current<AdminAccess> access_;
  std::unique_ptr<HttpServer> admin_;
  std::unique_ptr<HttpServer> webhook_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace allocd
