#include "daemon/reloader.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/background.h"
#include "daemon/log.h"
#include "daemon/reload_guard.h"
#include "rulefile/load_rules.h"

namespace allocd {

namespace {

using Kind = ReloadResult::Kind;

// Files that change while they are read, a folder that is swapped say, could come from both sides
// of the change: then they are read again. Who never stops changing them gets what there was.
LoadedRules load_whole(const std::vector<std::string>& paths, Tables tables) {
  constexpr int kMaxTries = 3;
  LoadedRules loaded = load_rules(paths, Spec::Drop, tables);
  for (int i = 1; i < kMaxTries && revision_on_disk(paths, loaded.tables) != loaded.revision; ++i)
    loaded = load_rules(paths, Spec::Drop, tables);
  return loaded;
}

// Each line of a longer text as a line of the log.
void log_lines(spdlog::level::level_enum level, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    spdlog::log(level, "{}", text.substr(at, end - at));
    at = end + 1;
  }
}

void log_result(const ReloadResult& result) {
  log(result.diagnostics);
  switch (result.kind) {
    case Kind::Success:
      spdlog::info("reloaded: {} rules, revision {}", result.rules, result.revision);
      break;
    case Kind::Unchanged:
      spdlog::info("reloaded: the rules are unchanged, revision {}", result.revision);
      break;
    case Kind::Failure:
      spdlog::error("not reloaded: what was in force stays, mend the errors above");
      break;
    case Kind::Refused:
      spdlog::error("not reloaded: the guard refused revision {}, what was in force stays",
                    result.revision);
      break;
  }
  if (result.guard && result.guard->verdict != GuardVerdict::Off)
    log_lines(result.kind == Kind::Refused ? spdlog::level::err : spdlog::level::info,
              guard_text(*result.guard));
}

}  // namespace

Reloader::Reloader(const Config& config, InForce& in_force, const RecentRequests& recent,
                   const LastGood* state, Start start, Tell tell)
    : config_(config),
      in_force_(in_force),
      recent_(recent),
      state_(state),
      tell_(std::move(tell)),
      last_(std::move(start.result)),
      degraded_(start.degraded) {
  figures_.last_successful = !start.degraded;
  figures_.held_back = last_.kind == Kind::Refused;
  figures_.last_success = in_force_.rules().snapshot()->loaded_at();
}

ReloadResult Reloader::reload(bool force) {
  const std::lock_guard turn(turn_);
  return read(config_.rules, force, true);
}

ReloadResult Reloader::promote(bool force) {
  const std::lock_guard turn(turn_);
  ReloadResult result = read(config_.candidate, force, false);
  if (result.kind == Kind::Success) {
    spdlog::warn(
        "the candidate is in force: put its files in the place of the rules, or the next "
        "reload or start brings back what is there");
    const std::lock_guard lock(mutex_);
    promoted_ = true;
  }
  return result;
}

// Into `result.kind` whether what was loaded may come into force.
void Reloader::judge(const LoadedRules& loaded, bool force, ReloadResult& result) {
  const auto now = in_force_.rules().snapshot();
  if (!loaded.rules) {
    result.kind = Kind::Failure;
  } else if (now->revision() == loaded.revision) {
    result.kind = Kind::Unchanged;
  } else if (!force) {
    result.guard = guard_reload(now->rules(), *loaded.rules, recent_.snapshot(),
                                config_.reload.guard, result.at, config_.decision_log.redaction);
    if (!result.guard->may_pass()) result.kind = Kind::Refused;
  }
}

// To be called by whoever has the turn.
ReloadResult Reloader::read(const std::vector<std::string>& paths, bool force, bool of_disk) {
  ReloadResult result;
  in_background([&] { result = read_now(paths, force, of_disk); });
  return result;
}

ReloadResult Reloader::read_now(const std::vector<std::string>& paths, bool force, bool of_disk) {
  tell_.begins();
  ReloadResult result;
  result.at = std::chrono::system_clock::now();
  {
    const std::lock_guard lock(mutex_);
    state_trouble_.clear();
  }
  LoadedRules loaded = load_whole(paths, state_ ? Tables::Keep : Tables::Drop);
  result.revision = loaded.revision;
  result.rules = loaded.rule_count;
  result.diagnostics = std::move(loaded.diagnostics);
  judge(loaded, force, result);

  const auto now = in_force_.rules().snapshot();
  if (result.is_good()) {
    auto next = result.kind == Kind::Unchanged
                    ? now
                    : ended_in_background(std::make_unique<const RulesInForce>(
                          loaded.rules, loaded.revision, result.at, now.get()));
    if (state_ != nullptr && result.kind == Kind::Success) note(state_->save(loaded));
    if (!in_force_.replace(std::move(next), result.diagnostics)) result.kind = Kind::Failure;
  }
  // Before anything else that waits for a disk: who sees the new rules decide is not told any more
  // that others are in force.
  remember(result);
  if (state_ != nullptr && result.is_good()) note(state_->forget_refused());
  if (state_ != nullptr && result.kind == Kind::Refused)
    note(state_->remember_refused({result.revision, guard_json(*result.guard).dump()}));
  log_result(result);
  tell_.ended(result, of_disk ? &loaded.tables : nullptr);
  return result;
}

void Reloader::remember(const ReloadResult& result) {
  const std::lock_guard lock(mutex_);
  last_ = result;
  switch (result.kind) {
    case Kind::Success:
      ++figures_.success;
      figures_.last_success = result.at;
      break;
    case Kind::Unchanged: ++figures_.unchanged; break;
    case Kind::Failure: ++figures_.failure; break;
    case Kind::Refused: ++figures_.refused; break;
  }
  figures_.last_successful = result.is_good();
  figures_.held_back = result.kind == Kind::Refused;
  if (result.is_good()) degraded_ = promoted_ = false;
}

void Reloader::note(const std::optional<std::string>& trouble) {
  if (!trouble) return;
  spdlog::warn("the state directory: {}", *trouble);
  const std::lock_guard lock(mutex_);
  state_trouble_ = *trouble;
}

ReloadResult Reloader::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

ReloadFigures Reloader::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

bool Reloader::degraded() const {
  const std::lock_guard lock(mutex_);
  return degraded_;
}

bool Reloader::promoted() const {
  const std::lock_guard lock(mutex_);
  return promoted_;
}

std::string Reloader::state_trouble() const {
  const std::lock_guard lock(mutex_);
  return state_trouble_;
}

}  // namespace allocd
