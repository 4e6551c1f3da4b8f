#include "daemon/serve.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/admin_handler.h"
#include "daemon/in_force.h"
#include "daemon/local_address.h"
#include "daemon/log.h"
#include "daemon/rule_analysis.h"
#include "daemon/webhook_handler.h"

namespace allocd {

namespace {

// The signals that the daemon listens to, kept from every thread so that only wait() gets them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  int wait() const {
    int signal = 0;
    while (sigwait(&set_, &signal) != 0) {}
    return signal;
  }

 private:
  sigset_t set_;
};

std::unique_ptr<InForce> to_start_with(const Config& config, std::shared_ptr<const RuleSet> rules) {
  Diagnostics diagnostics;
  auto out = InForce::load(config, std::move(rules), diagnostics);
  if (out) {
    log(diagnostics);
  } else {
    for (const Diagnostic& mistake : diagnostics.sorted())
      std::fputs(render(mistake).c_str(), stderr);
  }
  return out;
}

void warn_of_expiry(const TlsContext* tls) {
  constexpr auto kSoon = std::chrono::days(14);
  if (tls == nullptr) return;
  const auto left = tls->valid_until() - std::chrono::system_clock::now();
  if (left > kSoon) return;
  const auto end = std::chrono::duration_cast<std::chrono::days>(left).count();
  if (left.count() > 0) {
    spdlog::warn("the webhook's certificate expires in {} days", end);
  } else {
    spdlog::warn("the webhook's certificate has expired: DPS does not trust it any more");
  }
}

void reload(InForce& in_force, RuleAnalysis& analysis) {
  Diagnostics diagnostics;
  const bool reloaded = in_force.reload(diagnostics);
  log(diagnostics);
  if (reloaded) {
    spdlog::info("reloaded, {} rules in force", in_force.rules().snapshot()->rules().size());
    warn_of_expiry(in_force.tls());
    analysis.look_at(in_force.rules().snapshot());
  } else {
    spdlog::error("not reloaded: what was in force stays, mend the errors above and reload again");
  }
}

void warn_if_open(const WebhookKeys& keys, const std::string& address) {
  if (keys.is_open() && !is_local(address))
    spdlog::warn(
        "the webhook on {} is open to anyone who can reach it; name files with keys in "
        "`webhook.keyFiles` to close it, or listen on 127.0.0.1",
        address);
}

}  // namespace

int serve(const Config& config, std::shared_ptr<const RuleSet> rules) {
  // Before the first thread, which would not know of it.
  const Signals signals;
  log_to_stderr(config.log_level);

  const std::size_t rule_count = rules->rules().size();
  const auto in_force = to_start_with(config, std::move(rules));
  if (!in_force) return kCannotStart;
  std::atomic<bool> stopping = false;
  HttpLimits admin_limits = config.limits;
  admin_limits.threads = 2;
  try {
    HttpServer admin({.address = config.admin_listen, .socket_permissions = 0660}, admin_limits,
                     admin_handler(stopping));
    // As with a port of this machine, who can get at the socket may ask; a folder can be closed.
    HttpServer webhook(
        {.address = config.listen, .tls = in_force->tls(), .socket_permissions = 0666},
        config.limits, webhook_handler(in_force->rules(), in_force->keys(), config.webhook_path));
    warn_if_open(*in_force->keys().snapshot(), webhook.address());
    warn_of_expiry(in_force->tls());
    spdlog::info("serving {} rules on {}{}, webhook path {}, admin on {}", rule_count,
                 webhook.address(), in_force->tls() != nullptr ? " (TLS)" : "", config.webhook_path,
                 admin.address());

    auto analysis = std::make_unique<RuleAnalysis>();
    analysis->look_at(in_force->rules().snapshot());
    int signal = 0;
    while ((signal = signals.wait()) == SIGHUP) reload(*in_force, *analysis);
    stopping = true;
    spdlog::info("stopping on {}: finishing what is in flight",
                 signal == SIGINT ? "SIGINT" : "SIGTERM");
    analysis.reset();
    // The admin listener goes last: whoever asks meanwhile learns that it is stopping.
    webhook.stop();
    admin.stop();
    spdlog::info("stopped");
    return 0;
  } catch (const ListenError& error) {
    std::fprintf(stderr, "allocd: error: %s\n", error.message.c_str());
    return kCannotStart;
  }
}

}  // namespace allocd
