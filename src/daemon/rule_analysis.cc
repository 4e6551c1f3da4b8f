#include "daemon/rule_analysis.h"

#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "analysis/report_unreachable.h"
#include "daemon/background.h"
#include "daemon/cpu_budget.h"
#include "daemon/log.h"

namespace allocd {

namespace {

constexpr std::chrono::seconds kMaxProcessorTime(30);

}  // namespace

std::string summary_of(const AnalysedRules& analysed) {
  const Reachability& found = analysed.reachability;
  std::string out = "analysed " + std::to_string(found.rules.size()) + " rules in " +
                    std::to_string(analysed.took.count()) + " ms: ";
  using Status = RuleReach::Status;
  for (const Status status : {Status::Reachable, Status::Unreachable, Status::NotAnalysed})
    out += (status == Status::Reachable ? "" : ", ") + std::to_string(found.count(status)) + " " +
           std::string(status_name(status));
  if (found.rules_in_time < found.rules.size())
    out += " (time was up after " + std::to_string(found.rules_in_time) + " rules)";
  if (found.count(Status::NotAnalysed) > 0)
    out += "; `allocd dry-run --witness` tells which and why";
  return out;
}

void log_analysis(const AnalysedRules& analysed) {
  Diagnostics diagnostics;
  report_unreachable(*analysed.rules, analysed.reachability, {}, diagnostics);
  log(diagnostics);
  spdlog::info("{}", summary_of(analysed));
}

RuleAnalysis::RuleAnalysis(Tell tell) : tell_(std::move(tell)), thread_([this] { run(); }) {}

RuleAnalysis::~RuleAnalysis() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    give_up_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void RuleAnalysis::look_at(std::shared_ptr<const RuleSet> rules) {
  {
    const std::lock_guard lock(mutex_);
    next_.swap(rules);
    give_up_ = true;
  }
  changed_.notify_one();
}

void RuleAnalysis::run() {
  only_when_idle();
  ReachabilityCache cache;
  for (;;) {
    AnalysedRules analysed;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || next_ != nullptr; });
      if (ending_) return;
      analysed.rules = std::exchange(next_, nullptr);
      give_up_ = false;
    }
    spdlog::debug("analysing {} rules", analysed.rules->rules().size());
    const auto begin = std::chrono::steady_clock::now();
    const TimeIsUp time_is_up = after_cpu_time(kMaxProcessorTime);
    const auto wanted_no_more = [&] {
      let_background_pass();
      return give_up_ || time_is_up();
    };
    analysed.reachability = analyse_reachability(
        *analysed.rules, cache, {.time_is_up = wanted_no_more, .shortest_ids = false});
    if (give_up_) continue;
    analysed.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    tell_(analysed);
  }
}

}  // namespace allocd
