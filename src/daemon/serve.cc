#include "daemon/serve.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <signal.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/signals.h"

namespace allocd {

namespace {

int cannot_start(const std::string& why) {
  flush_log();
  std::fprintf(stderr, "allocd: error: %s\n", why.c_str());
  return kCannotStart;
}

std::unique_ptr<InForce> in_force(const Config& config, std::shared_ptr<const RulesInForce> rules) {
  Diagnostics diagnostics;
  auto out = InForce::load(config, std::move(rules), diagnostics);
  if (out) {
    log(diagnostics);
  } else {
    flush_log();
    for (const Diagnostic& mistake : diagnostics.sorted())
      std::fputs(render(mistake).c_str(), stderr);
  }
  return out;
}

// The log, if there is to be one; nothing where it cannot be opened.
std::optional<std::unique_ptr<DecisionLog>> decision_log(const DecisionLogSettings& settings,
                                                         std::string& why) {
  if (settings.file.empty()) return nullptr;
  using WhenFull = DecisionLog::WhenFull;
  auto opened = DecisionLog::open({.file = settings.file,
                                   .when_full = settings.blocks ? WhenFull::Block : WhenFull::Drop,
                                   .max_bytes = settings.max_bytes,
                                   .keep = static_cast<unsigned>(settings.keep)});
  if (auto* log = std::get_if<std::unique_ptr<DecisionLog>>(&opened)) return std::move(*log);
  why = std::get<std::string>(opened);
  return std::nullopt;
}

}  // namespace

int serve(ServeWith with) {
  // Before the first thread, which would not know of it.
  const Signals signals;
  const Config& config = with.config;
  log_to_stderr(config.log_level, log_format_of(config.log_format).value_or(LogFormat::Auto));
  try {
    const ServiceManager service;
    std::optional<LastGood> state;
    if (!config.state.empty()) state.emplace(config.state);
    std::string why;
    auto beginning = begin_with(std::move(with.rules), state ? &*state : nullptr, with.strict, why);
    if (!beginning) return cannot_start(why);
    auto rules = in_force(config, beginning->rules);
    if (!rules) return kCannotStart;
    auto log = decision_log(config.decision_log, why);
    if (!log) return cannot_start(why);

    Daemon daemon(with, service, state ? &*state : nullptr, *std::move(beginning), std::move(rules),
                  *std::move(log));
    int signal = 0;
    while ((signal = signals.wait()) == SIGHUP) daemon.reload();
    daemon.stop(signal == SIGINT ? "SIGINT" : "SIGTERM");
    flush_log();
    return 0;
  } catch (const ListenError& error) {
    return cannot_start(error.message);
  }
}

}  // namespace allocd
