// Brings rules from disk into force while the daemon serves, or keeps what is in force.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "daemon/in_force.h"
#include "daemon/last_good.h"
#include "daemon/metrics.h"
#include "daemon/recent_requests.h"
#include "daemon/reload_result.h"

namespace allocd {

// How the daemon started.
struct Start {
  ReloadResult result;    // of reading the rules on disk
  bool degraded = false;  // the last good set is in force in their place
};

class Reloader {
 public:
  // Called on the thread that reloads.
  struct Tell {
    std::function<void()> begins;
    // Whatever came of it. `tables` are those of the rules on disk, null where something else was
    // read.
    std::function<void(const ReloadResult&, const std::vector<RulePath>* tables)> ended;
  };

  // What it is given must outlive it; `state` may be null.
  Reloader(const Config& config, InForce& in_force, const RecentRequests& recent,
           const LastGood* state, Start start, Tell tell);

  // These are for any thread. Reloads wait for each other; answers wait for none of them.

  // Reads everything anew. What is good comes into force whole, at once, and what is not changes
  // nothing. `force`: whatever the guard would say.
  ReloadResult reload(bool force);
  // The candidate's rules into force, in the same way, until the next reload finds something else
  // on disk. Only where there is a candidate in the configuration.
  ReloadResult promote(bool force);

  ReloadResult last() const;
  ReloadFigures figures() const;
  // Whether the last good set is in force, as what was on disk at the start could not be used.
  bool degraded() const;
  // Whether what is in force came from the candidate's files, and is not what the next start reads.
  bool promoted() const;
  // Why the state directory is of no use; empty: there is none, or it is.
  std::string state_trouble() const;

 private:
  ReloadResult read(const std::vector<std::string>& paths, bool force, bool of_disk);
  ReloadResult read_now(const std::vector<std::string>& paths, bool force, bool of_disk);
  void judge(const LoadedRules& loaded, bool force, ReloadResult& result);
  void remember(const ReloadResult& result);
  void note(const std::optional<std::string>& trouble);

  const Config& config_;
  InForce& in_force_;
  const RecentRequests& recent_;
  const LastGood* state_;
  const Tell tell_;
  std::mutex turn_;  // held while one reloads

  mutable std::mutex mutex_;  // for all below
  ReloadResult last_;
  ReloadFigures figures_;
  bool degraded_;
  bool promoted_ = false;
  std::string state_trouble_;
};

}  // namespace allocd
