#include "daemon/daemon.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/admin_handler.h"
#include "daemon/decision_fields.h"
#include "daemon/decision_record.h"
#include "daemon/local_address.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/webhook_handler.h"
#include "policy/text_template.h"
#include "rulefile/text_file.h"

namespace allocd {

namespace {

using Clock = std::chrono::steady_clock;

// Requests that take long are reloads: others are answered beside them.
constexpr std::size_t kAdminThreads = 4;

void warn_of_expiry(const TlsContext* tls) {
  constexpr auto kSoon = std::chrono::days(14);
  if (tls == nullptr) return;
  const auto now = std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto left = tls->valid_until() - now;
  if (left > kSoon) return;
  const auto end = std::chrono::duration_cast<std::chrono::days>(left).count();
  if (left.count() > 0) {
    spdlog::warn("the webhook's certificate expires in {} days", end);
  } else {
    spdlog::warn("the webhook's certificate has expired: DPS does not trust it any more");
  }
}

void warn_if_open(const WebhookKeys& keys, const std::string& address) {
  if (keys.is_open() && !is_local(address))
    spdlog::warn(
        "the webhook on {} is open to anyone who can reach it; name files with keys in "
        "`webhook.keyFiles` to close it, or listen on 127.0.0.1",
        address);
}

void warn_of_redaction(const Redaction& redaction, const RuleSet& rules) {
  for (const std::string& field : redaction.read_by(rules.fields()))
    spdlog::warn(
        "rules read {}, which `decisionLog.redact` hides: what they decide on cannot be "
        "found in the log",
        in_backticks(field));
}

// Of the end's time: what is left when clients have had theirs, and what the decision log leaves of
// that to those behind it.
constexpr std::chrono::seconds kForTheLog(1);
constexpr std::chrono::milliseconds kForTheRest(200);
// What systemd grants beyond it: a reload that is being made is waited for.
constexpr std::chrono::seconds kForReloads(10);

HttpLimits for_admin(HttpLimits limits) {
  limits.threads = kAdminThreads;
  return limits;
}

}  // namespace

Daemon::Daemon(const ServeWith& with, const ServiceManager& service, const LastGood* state,
               Beginning beginning, std::unique_ptr<InForce> in_force,
               std::unique_ptr<DecisionLog> log)
    : with_(with),
      config_(with.config),
      service_(service),
      in_force_(std::move(in_force)),
      log_(std::move(log)),
      memory_(config_.decision_log.redaction),
      recent_(config_.reload.guard_sample),
      access_(std::make_shared<const AdminAccess>(config_.admin_listen, config_.admin_hosts)) {
  using WhenFull = Aftermath::WhenFull;
  const auto rules = in_force_->rules().snapshot();
  counts_.expect(rules->rules());
  warn_of_redaction(config_.decision_log.redaction, rules->rules());
  aftermath_ =
      std::make_unique<Aftermath>([this](DecisionEvent event) { take(std::move(event)); },
                                  config_.decision_log.blocks ? WhenFull::Block : WhenFull::Drop);
  reloader_.emplace(config_, *in_force_, recent_, state, std::move(beginning.start),
                    Reloader::Tell{[this] {
                                     service_.reloading();
                                     settle_();  // what was answered counts for the guard
                                   },
                                   [this](const ReloadResult& result, const auto* tables) {
                                     reload_ended(result, tables);
                                   }});
  if (!config_.candidate.empty()) {
    candidate_.emplace(config_.decision_log.redaction);
    load_candidate();
  }
  // As with a port of this machine, who can get at the socket may ask; a folder can be closed.
  webhook_ = std::make_unique<HttpServer>(
      HttpEndpoint{.address = config_.listen,
                   .tls = in_force_->tls(),
                   .socket_permissions = 0666,
                   .inherited_fd = service_.sockets().webhook},
      config_.limits,
      webhook_handler({in_force_->rules(), in_force_->keys(), counts_, *aftermath_},
                      config_.webhook_path));
  analysis_ = std::make_unique<RuleAnalysis>();
  analysis_->look_at(rules->shared_rules());
  // INVARIANT: whatever the admin listener is asked for is there before it listens.
  admin_ =
      std::make_unique<HttpServer>(HttpEndpoint{.address = config_.admin_listen,
                                                .socket_permissions = 0660,
                                                .inherited_fd = service_.sockets().admin},
                                   for_admin(config_.limits),
                                   admin_handler({.stopping = stopping_,
                                                  .access = access_,
                                                  .rules = in_force_->rules(),
                                                  .reloader = *reloader_,
                                                  .decisions = memory_,
                                                  .candidate = candidate_ ? &*candidate_ : nullptr,
                                                  .settle = settle_,
                                                  .status = status_,
                                                  .metrics = metrics_}));
  access_.replace(std::make_shared<const AdminAccess>(admin_->address(), config_.admin_hosts));
  warn_if_open(*in_force_->keys().snapshot(), webhook_->address());
  warn_of_expiry(in_force_->tls());

  watch();
  if (watch_) watch_->update(std::move(beginning.tables), reloader_->last().revision);
  if (const auto interval = service_.watchdog())
    watchdog_ = std::make_unique<Watchdog>(
        *interval,
        [this](std::chrono::milliseconds patience) {
          // Who waits for a log, as `whenFull: block` has it, is not stuck: killed, it would lose
          // what the log is waited for.
          return (webhook_->is_alive(patience) || aftermath_->holds_up()) &&
                 admin_->is_alive(patience);
        },
        [this] { service_.alive(); });
  spdlog::info("serving {} rules on {}{}, webhook path {}, admin on {}",
               rules->rules().rules().size(), webhook_->address(),
               in_force_->tls() != nullptr ? " (TLS)" : "", config_.webhook_path,
               admin_->address());
  service_.ready(status_line());
}

// What is done with each decision, after its answer.
void Daemon::take(DecisionEvent event) {
  const DecisionLogSettings& settings = config_.decision_log;
  // DPS shows nobody the reason of a refusal: these are where it can be found.
  if (spdlog::should_log(spdlog::level::info))
    log_event(spdlog::level::info, "decision", decision_fields(event, settings.redaction));
  if (log_)
    log_->write(record_line(
        decision_record(event, settings.redaction, {settings.requests, settings.requests})));
  recent_.add(event);
  if (candidate_) candidate_->compare(event);
  memory_.remember(std::move(event));
}

void Daemon::reload() {
  if (log_) log_->reopen();
  reloader_->reload(false);
}

void Daemon::reload_ended(const ReloadResult& result, const std::vector<RulePath>* tables) {
  if (result.is_good()) {
    const auto rules = in_force_->rules().snapshot();
    if (result.kind == ReloadResult::Kind::Success) {
      counts_.expect(rules->rules());
      warn_of_redaction(config_.decision_log.redaction, rules->rules());
    }
    warn_of_expiry(in_force_->tls());
    if (analysis_) analysis_->look_at(rules->shared_rules());
  }
  if (tables != nullptr) {
    const std::lock_guard lock(watch_mutex_);
    if (watch_) watch_->update(*tables, result.revision);
  }
  if (tables != nullptr && candidate_) load_candidate();
  service_.ready(status_line());
}

void Daemon::load_candidate() {
  const std::lock_guard turn(candidate_turn_);
  LoadedRules loaded = load_rules(config_.candidate);
  log(loaded.diagnostics);
  const auto now = candidate_->rules();
  if (!loaded.rules) {
    spdlog::error("the candidate cannot be used, mend the errors above{}",
                  now ? "; the one before goes on" : "");
  } else if (!now || now->revision() != loaded.revision) {
    candidate_->replace(std::make_shared<const RulesInForce>(
        loaded.rules, loaded.revision, std::chrono::system_clock::now(), nullptr));
    spdlog::info("candidate: {} rules, revision {}", loaded.rule_count, loaded.revision);
  }
  const std::lock_guard lock(watch_mutex_);
  if (candidate_watch_) candidate_watch_->update(std::move(loaded.tables), loaded.revision);
}

std::unique_ptr<RuleWatch> Daemon::watch(const std::vector<std::string>& paths,
                                         std::function<void()> changed) const {
  return std::make_unique<RuleWatch>(
      RuleWatchSettings{.debounce = std::chrono::milliseconds(config_.reload.debounce_millis),
                        .poll = std::chrono::seconds(config_.reload.poll_seconds)},
      paths, std::move(changed), [](const std::string& trouble) { spdlog::warn("{}", trouble); });
}

void Daemon::watch() {
  if (!config_.reload.watch) return;
  {
    const std::lock_guard lock(watch_mutex_);
    watch_ = watch(config_.rules, [this] { reloader_->reload(false); });
    if (!candidate_) return;
    candidate_watch_ = watch(config_.candidate, [this] { load_candidate(); });
  }
  load_candidate();
}

void Daemon::stop(const char* why) {
  // INVARIANT: over by `end`, whatever clients do, and however slow the decision log is.
  const std::chrono::seconds for_clients(config_.limits.request_seconds);
  const auto end_of_waits = Clock::now() + for_clients;
  const auto end = end_of_waits + kForTheLog;
  stopping_ = true;
  spdlog::info("stopping on {}: finishing what is in flight", why);
  service_.stopping("finishing what is in flight", for_clients + kForTheLog + kForReloads);
  {
    std::unique_ptr<RuleWatch> last[2];
    {
      const std::lock_guard lock(watch_mutex_);
      last[0] = std::move(watch_);
      last[1] = std::move(candidate_watch_);
    }
    // They wait for a reload that is being made, which tells the watch.
  }
  aftermath_->block_until(end_of_waits);
  webhook_->stop(end);
  const auto end_of_log = end - kForTheRest;
  aftermath_->settle(std::chrono::ceil<std::chrono::milliseconds>(end_of_log - Clock::now()));
  if (log_) log_->stop(end_of_log);
  // The admin listener goes last: whoever asks meanwhile learns that it is stopping.
  admin_->stop(end);
  watchdog_.reset();
  analysis_.reset();
  aftermath_.reset();
  spdlog::info("stopped");
}

std::string Daemon::status_line() const {
  const auto rules = in_force_->rules().snapshot();
  const ReloadResult last = reloader_->last();
  std::string out =
      std::to_string(rules->rules().rules().size()) + " rules, revision " + rules->revision();
  if (reloader_->degraded()) out = "degraded, serving the last good set: " + out;
  if (last.kind == ReloadResult::Kind::Failure) out += "; the rules on disk cannot be used";
  if (last.kind == ReloadResult::Kind::Refused)
    out += "; the guard refused revision " + last.revision;
  return out;
}

Json Daemon::status() const {
  const auto rules = in_force_->rules().snapshot();
  const auto up = std::chrono::steady_clock::now() - started_;
  Json out = {{"version", with_.version},
              {"uptimeSeconds", std::chrono::duration_cast<std::chrono::seconds>(up).count()},
              {"revision", rules->revision()},
              {"loadedAt", format_moment(rules->loaded_at())},
              {"rules", rules->rules().rules().size()},
              {"degraded", reloader_->degraded()},
              {"promoted", reloader_->promoted()},
              {"stopping", stopping_.load()}};
  out["lastReload"] = reload_json(reloader_->last());
  out["webhook"] = webhook_->address() + config_.webhook_path;
  if (!with_.config_file.empty()) {
    // Settings are fixed at the start, and a file that says something else by now tells nobody.
    std::string why;
    const auto text = read_text_file(with_.config_file, why);
    out["config"] = {{"file", with_.config_file},
                     {"needsRestart", !text || *text != with_.config_text}};
  }
  const std::string trouble = reloader_->state_trouble();
  out["state"] = config_.state.empty()
                     ? Json(nullptr)
                     : Json{{"folder", config_.state},
                            {"problem", trouble.empty() ? Json(nullptr) : Json(trouble)}};
  out["decisionLog"] = nullptr;
  if (log_) {
    const std::string problem = log_->problem();
    out["decisionLog"] = {{"file", config_.decision_log.file},
                          {"written", log_->written()},
                          {"dropped", log_->dropped() + aftermath_->dropped()},
                          {"problem", problem.empty() ? Json(nullptr) : Json(problem)}};
  }
  out["candidate"] = nullptr;
  if (candidate_) {
    const auto tried = candidate_->rules();
    out["candidate"] = {{"revision", tried ? Json(tried->revision()) : Json(nullptr)},
                        {"compared", candidate_->counts().compared}};
  }
  return out;
}

std::string Daemon::metrics() const {
  MetricsSources sources;
  sources.version = with_.version;
  sources.in_force = in_force_->rules().snapshot();
  sources.per_rule = config_.metrics_per_rule;
  sources.degraded = reloader_->degraded();
  sources.decisions = counts_.figures();
  if (webhook_) {
    sources.webhook_answers = webhook_->answers();
    sources.webhook_connections = webhook_->connections();
  }
  sources.reloads = reloader_->figures();
  sources.decision_log_dropped = (log_ ? log_->dropped() : 0) + aftermath_->dropped();
  if (candidate_) {
    const Candidate::Counts counts = candidate_->counts();
    const auto tried = candidate_->rules();
    CandidateFigures& figures = sources.candidate.emplace();
    figures.rules = tried ? tried->rules().rules().size() : 0;
    figures.compared = counts.compared;
    for (const Change change : kChanges)
      figures.by_change[change] = counts.by_change[static_cast<std::size_t>(change)];
  }
  return metrics_text(sources);
}

}  // namespace allocd
