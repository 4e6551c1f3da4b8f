#include "daemon/serve.h"

#include <atomic>
#include <cstdio>
#include <pthread.h>
#include <signal.h>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "daemon/admin_handler.h"
#include "daemon/rule_store.h"
#include "daemon/webhook_handler.h"

namespace allocd {

namespace {

// The signals that end the daemon, kept from every thread so that only wait() gets them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
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

void log_to_stderr(const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>("allocd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

int serve(const Config& config, std::shared_ptr<const RuleSet> rules) {
  // Before the first thread, which would not know of it.
  const EndSignals end;
  log_to_stderr(config.log_level);

  const std::size_t rule_count = rules->rules().size();
  const RuleStore store(std::move(rules));
  std::atomic<bool> stopping = false;
  HttpLimits admin_limits = config.limits;
  admin_limits.threads = 2;
  try {
    HttpServer admin(config.admin_listen, admin_limits, admin_handler(stopping));
    HttpServer webhook(config.listen, config.limits, webhook_handler(store, config.webhook_path));
    spdlog::info("serving {} rules on {}, webhook path {}, admin on {}", rule_count,
                 webhook.address(), config.webhook_path, admin.address());

    const int signal = end.wait();
    spdlog::info("stopping on {}: finishing what is in flight",
                 signal == SIGINT ? "SIGINT" : "SIGTERM");
    stopping = true;
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
