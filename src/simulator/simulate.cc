#include "simulator/simulate.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <signal.h>
#include <stdexcept>
#include <thread>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "http/server.h"
#include "http/tls.h"
#include "rulefile/text_file.h"
#include "simulator/device_api.h"
#include "simulator/hub_report.h"
#include "simulator/local_authority.h"
#include "simulator/registration_store.h"

namespace allocd {
namespace {

constexpr std::size_t kMostPathShown = 400;

// Waits for signals on a thread of its own, and ends the run by the first.
class Interrupter {
 public:
  Interrupter(const std::function<int()>& next_signal, DeviceRun& run)
      : thread_([&next_signal, &run] {
          while (next_signal() == SIGHUP) {}
          run.interrupt();
        }) {}
  ~Interrupter() {
    pthread_kill(thread_.native_handle(), SIGTERM);  // for that thread alone
    thread_.join();
  }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;

 private:
  std::thread thread_;
};

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out)
    throw CannotSimulate{"cannot write " + in_backticks(path) + ": " + std::strerror(errno)};
}

std::string read_file(const std::string& path) {
  std::string why;
  auto text = read_text_file(path, why);
  if (!text) throw CannotSimulate{"cannot read " + in_backticks(path) + ": " + why};
  return *std::move(text);
}

// The local DPS with what it stands on.
class Service {
 public:
  Service(const SimulateWith& with, std::function<void(const Registration&, bool)> ended)
      : with_(with),
        store_(with.state.empty() ? std::make_unique<RegistrationStore>()
                                  : std::make_unique<RegistrationStore>(with.state)),
        dps_(with.enrollments, *store_, with.settings, with.webhook,
             {[this](const std::string& line) { say(line); }, std::move(ended)}) {}

  LocalDps& dps() { return dps_; }
  void say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    with_.say(line);
  }
  void write_report() {
    if (with_.report.empty()) return;
    const Json report = hub_report(store_->all(), with_.enrollments.linked_hubs);
    write_file(with_.report, report.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
    say("report written to " + with_.report);
  }

 private:
  const SimulateWith& with_;
  std::mutex mutex_;
  std::unique_ptr<RegistrationStore> store_;
  LocalDps dps_;
};

std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

TlsMaterial material_of(const DeviceListener& listener) {
  TlsMaterial out;
  out.asks_clients = true;
  if (!listener.certificate.empty()) {
    out.certificate = read_file(listener.certificate);
    out.key = read_file(listener.key);
    return out;
  }
  LocalIdentity made =
      make_local_identity(host_of(listener.address), std::chrono::system_clock::now());
  out.certificate = std::move(made.certificate);
  out.key = std::move(made.key);
  if (!listener.ca_out.empty()) write_file(listener.ca_out, made.authority);
  return out;
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void introduce(Service& service, const SimulateWith& with, const DeviceListener& listener,
               const std::string& address) {
  const Enrollments& enrolled = with.enrollments;
  const bool is_path = address.starts_with("unix:");
  service.say("local DPS on " +
              (is_path ? address : (listener.has_tls ? "https://" : "http://") + address) +
              ", ID scope " + enrolled.id_scope + ": " +
              counted(enrolled.groups.size(), "enrollment group") + ", " +
              counted(enrolled.individuals.size(), "individual enrollment") + ", " +
              counted(enrolled.linked_hubs.size(), "linked hub"));
  if (!listener.has_tls || !listener.certificate.empty()) return;
  service.say(listener.ca_out.empty()
                  ? "its certificate was made up: devices can only believe it with --ca-out FILE"
                  : "devices believe it by the authority in " + listener.ca_out);
}

// A request that was refused.
std::string in_words(const HttpRequest& request, const HttpResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  return printable(request.method + " " + request.path, kMostPathShown) + ": " +
         std::to_string(response.status) + " " + printable(body.value("message", ""), 1000);
}

// Both end as soon as they can, whatever is thrown.
template <typename Do>
auto stopping_at_errors(const Do& what) {
  try {
    return what();
  } catch (const StateError& error) {
    throw CannotSimulate{error.message};
  } catch (const ListenError& error) {
    throw CannotSimulate{error.message};
  } catch (const TlsError& error) {
    throw CannotSimulate{error.message};
  } catch (const std::runtime_error& error) {
    throw CannotSimulate{error.what()};
  }
}

}  // namespace

void serve_devices(const SimulateWith& with, const DeviceListener& listener) {
  stopping_at_errors([&] {
    Service service(with, [&](const Registration& registration, bool) {
      service.say(registration.id + ": " + in_words(registration.state));
    });
    std::optional<TlsContext> tls;
    if (listener.has_tls) tls.emplace(material_of(listener));
    const HttpHandler api =
        device_api(service.dps(), with.enrollments.id_scope, listener.has_tls ? "https" : "http");
    HttpServer server({.address = listener.address, .tls = tls ? &*tls : nullptr}, HttpLimits{},
                      [&](const HttpRequest& request) {
                        HttpResponse response = api(request);
                        if (response.status >= 400) service.say(in_words(request, response));
                        return response;
                      });
    introduce(service, with, listener, server.address());
    while (with.next_signal() == SIGHUP) service.write_report();
    server.stop();
    service.write_report();
  });
}

std::vector<DeviceOutcome> run_devices(
    const SimulateWith& with, const DeviceRun::Plan& plan,
    const std::function<void(const DeviceRun::Progress&)>& tell) {
  return stopping_at_errors([&] {
    DeviceRun run(with.enrollments, plan);
    if (const auto mistake = run.mistake()) throw CannotSimulate{*mistake};
    Service service(with, [&](const Registration& registration, bool twin_applied) {
      run.ended(registration, twin_applied);
    });
    std::optional<Interrupter> interrupter(std::in_place, with.next_signal, run);
    const HttpHandler api = device_api(service.dps(), with.enrollments.id_scope, "https");
    auto outcomes = run.go(api, tell);
    interrupter.reset();
    service.write_report();
    return outcomes;
  });
}

}  // namespace allocd
