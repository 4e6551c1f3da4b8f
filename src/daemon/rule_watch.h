// Tells when the rules on disk are others than those that were loaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/rule_folders.h"
#include "rulefile/rule_paths.h"

namespace allocd {

struct RuleWatchSettings {
  // A change counts when nothing has happened for so long, or ten times that long after it began.
  std::chrono::milliseconds debounce{200};
  // How often the files are read without having heard of a change: not all file systems tell.
  std::chrono::milliseconds poll{30'000};
  std::size_t max_folders = 8192;
};

// Watches with a thread of its own, from its making to its end; keeps nothing on disk.
class RuleWatch {
 public:
  // Both are called from the watch's thread, one at a time. `changed`: what is on disk is neither
  // what the last update() told nor what `changed` was last called for; it may load at once, or
  // leave that to another thread. `trouble`: changes are not heard, but found a while later; each
  // reason comes once. Nothing is called before the first update(). Throws std::system_error where
  // the system has no descriptor left.
  RuleWatch(const RuleWatchSettings& settings, std::vector<std::string> paths,
            std::function<void()> changed, std::function<void(const std::string&)> trouble);
  // Waits for a call that is being made.
  ~RuleWatch();
  RuleWatch(const RuleWatch&) = delete;
  RuleWatch& operator=(const RuleWatch&) = delete;

  // What a load of `paths` found, good or bad: its `tables` and `revision`. For any thread, also
  // from within `changed`. What changed since the load read it is noticed.
  void update(std::vector<RulePath> tables, std::string revision);

 private:
  using Clock = std::chrono::steady_clock;
  enum class Woken { ByChange, ByCaller, ByTime };

  void run();
  void look(bool heard);
  // Whether nothing happened for the debounce time; no longer than until `end`.
  bool is_quiet(Clock::time_point end);
  // Returns early when something happened that may be a change, or somebody calls.
  Woken wait_until(Clock::time_point end);
  bool renew();
  // The revision on disk, where it is not the one that is known.
  std::optional<std::string> difference() const;
  bool is_stopping() const;
  void wake() const;

  const RuleWatchSettings settings_;
  const std::vector<std::string> paths_;
  const std::function<void()> changed_;
  const std::function<void(const std::string&)> trouble_;
  RuleFolders folders_;
  int wake_ = -1;

  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::size_t updates_ = 0;
  std::vector<RulePath> tables_;
  std::optional<std::string> known_;

  std::thread thread_;
};

}  // namespace allocd
