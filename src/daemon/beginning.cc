#include "daemon/beginning.h"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/background.h"

namespace allocd {

namespace {

using Kind = ReloadResult::Kind;

std::shared_ptr<const RulesInForce> in_force(const LoadedRules& loaded) {
  return ended_in_background(std::make_unique<const RulesInForce>(
      loaded.rules, loaded.revision, std::chrono::system_clock::now(), nullptr));
}

std::optional<RefusedRules> refused_rules(const LastGood& state) {
  std::string trouble;
  auto out = state.refused(trouble);
  if (!trouble.empty()) spdlog::warn("the state directory: {}", trouble);
  return out;
}

std::optional<LoadedRules> last_good(const LastGood& state) {
  LastGood::Loaded out = state.load();
  for (const std::string& trouble : out.troubles) spdlog::warn("the last good set: {}", trouble);
  return std::move(out.rules);
}

void keep(const LastGood& state, const LoadedRules& loaded) {
  if (const auto trouble = state.save(loaded)) spdlog::warn("the state directory: {}", *trouble);
}

}  // namespace

std::optional<Beginning> begin_with(LoadedRules loaded, const LastGood* state, bool strict,
                                    std::string& why) {
  Beginning out;
  ReloadResult& result = out.start.result;
  result.at = std::chrono::system_clock::now();
  result.revision = loaded.revision;
  result.rules = loaded.rule_count;
  result.diagnostics = std::move(loaded.diagnostics);
  out.tables = std::move(loaded.tables);

  const auto refused = state != nullptr ? refused_rules(*state) : std::nullopt;
  const bool is_refused = loaded.rules && refused && refused->revision == loaded.revision;
  if (loaded.rules && !is_refused) {
    loaded.tables = out.tables;
    if (state != nullptr) keep(*state, loaded);
    out.rules = in_force(loaded);
    return out;
  }

  result.kind = is_refused ? Kind::Refused : Kind::Failure;
  const std::string what = is_refused ? "revision " + loaded.revision + " was refused by the guard"
                                      : std::string("the rules cannot be used");
  if (strict && is_refused) {
    why = what + ": start without --strict and run `allocd reload --force`, or change the rules";
    return std::nullopt;
  }
  auto kept = state != nullptr && !strict ? last_good(*state) : std::nullopt;
  if (!kept && is_refused) {
    // Somebody has to answer, and these rules are sound; refusing every device would be worse.
    spdlog::error("{}, but there is no last good set to serve in its place", what);
    result.kind = Kind::Success;
    out.rules = in_force(loaded);
    return out;
  }
  if (!kept) {
    why = what + ", see above; `allocd dry-run` checks them";
    return std::nullopt;
  }
  spdlog::error("degraded: {}; serving the last good set, revision {}, in their place", what,
                kept->revision);
  out.start.degraded = true;
  out.rules = in_force(*kept);
  return out;
}

}  // namespace allocd
