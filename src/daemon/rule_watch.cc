#include "daemon/rule_watch.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "daemon/background.h"
#include "rulefile/load_rules.h"

namespace allocd {
namespace {

std::string in_seconds(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

}  // namespace

RuleWatch::RuleWatch(const RuleWatchSettings& settings, std::vector<std::string> paths,
                     std::function<void()> changed, std::function<void(const std::string&)> trouble)
    : settings_(settings),
      paths_(std::move(paths)),
      changed_(std::move(changed)),
      trouble_(std::move(trouble)),
      folders_(settings.max_folders),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "cannot watch the rules");
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    close(wake_);
    throw;
  }
}

RuleWatch::~RuleWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  close(wake_);
}

void RuleWatch::update(std::vector<RulePath> tables, std::string revision) {
  {
    const std::lock_guard lock(mutex_);
    tables_ = std::move(tables);
    known_ = std::move(revision);
    ++updates_;
  }
  wake();
}

void RuleWatch::run() {
  step_behind();
  std::string last_failure;
  for (bool heard = false; !is_stopping();) {
    try {
      look(heard);
    } catch (const std::exception& e) {
      // Memory, most likely; the next look may do better.
      if (std::exchange(last_failure, e.what()) != e.what()) trouble_(e.what());
    }
    // The look may have taken the call to stop for another.
    if (!is_stopping()) heard = wait_until(Clock::now() + settings_.poll) == Woken::ByChange;
  }
}

void RuleWatch::look(bool heard) {
  const auto end = Clock::now() + 10 * settings_.debounce;
  std::optional<std::string> seen;
  if (!heard) {
    renew();
    seen = difference();
    if (!seen) return;
  }
  for (bool steady = false; !steady;) {
    const bool quiet = is_quiet(end);
    const bool hears_all = renew();
    std::optional<std::string> now = difference();
    if (!now || is_stopping()) return;
    // Where nothing is heard, only what is seen twice is known to be at rest.
    steady = now == seen || (heard && quiet && hears_all) || Clock::now() >= end;
    seen = std::move(now);
  }
  {
    const std::lock_guard lock(mutex_);
    known_ = seen;
  }
  changed_();
}

bool RuleWatch::is_quiet(Clock::time_point end) {
  for (;;) {
    const auto quiet = Clock::now() + settings_.debounce;
    Woken woken = Woken::ByCaller;
    while (woken == Woken::ByCaller && !is_stopping()) woken = wait_until(std::min(quiet, end));
    if (woken != Woken::ByChange || Clock::now() >= end) return quiet <= end;
  }
}

RuleWatch::Woken RuleWatch::wait_until(Clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waited[] = {{wake_, POLLIN, 0}, {folders_.descriptor(), POLLIN, 0}};
    poll(waited, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    std::uint64_t calls = 0;
    if (read(wake_, &calls, sizeof calls) > 0) return Woken::ByCaller;
    if (folders_.heard()) return Woken::ByChange;
    if (Clock::now() >= end) return Woken::ByTime;
  }
}

bool RuleWatch::renew() {
  std::vector<std::string> tables;
  {
    const std::lock_guard lock(mutex_);
    for (const RulePath& table : tables_) tables.push_back(table.path);
  }
  const bool complete = folders_.renew(paths_, tables);
  for (const std::string& why : folders_.take_troubles())
    trouble_(why + "; changes are seen within " + in_seconds(settings_.poll));
  return complete;
}

std::optional<std::string> RuleWatch::difference() const {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!known_) return std::nullopt;
    const std::vector<RulePath> tables = tables_;
    const std::size_t updates = updates_;
    lock.unlock();
    std::string revision = revision_on_disk(paths_, tables);
    lock.lock();
    if (updates != updates_) continue;  // another load came in between
    if (revision == *known_) return std::nullopt;
    return revision;
  }
}

bool RuleWatch::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void RuleWatch::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

}  // namespace allocd
