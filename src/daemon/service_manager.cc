#include "daemon/service_manager.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "diagnostics/diagnostic.h"
#include "http/server.h"

namespace allocd {

namespace {

// Lines of a message are settings of their own.
std::string status_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "STATUS=" + text;
}

void tell(const std::string& message) { sd_notify(0, message.c_str()); }

// The clock that systemd compares with, which is not promised to be std::chrono's.
std::uint64_t monotonic_micros() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

std::vector<std::string> take_socket_names() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) {
    out.emplace_back(names[i]);
    free(names[i]);
  }
  free(names);
  return out;
}

std::optional<std::chrono::microseconds> take_watchdog() {
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(1, &micros) <= 0) return std::nullopt;
  return std::chrono::microseconds(micros);
}

}  // namespace

InheritedSockets sort_sockets(int first, const std::vector<std::string>& names) {
  InheritedSockets out;
  const auto refuse = [&](const std::string& why) {
    for (std::size_t i = 0; i < names.size(); ++i) close(first + static_cast<int>(i));
    throw ListenError{"cannot use the sockets that systemd opened: " + why};
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_admin = names[i] == "admin";
    if (!is_admin && names[i] != "webhook" && names.size() > 1)
      refuse("no socket is called " + in_backticks(names[i]) +
             ", say `FileDescriptorName=webhook` or `admin` in its unit");
    int& which = is_admin ? out.admin : out.webhook;
    if (which >= 0) refuse("two are called " + in_backticks(names[i]));
    which = first + static_cast<int>(i);
  }
  return out;
}

ServiceManager::ServiceManager()
    : sockets_(sort_sockets(SD_LISTEN_FDS_START, take_socket_names())),
      watchdog_(take_watchdog()) {}

void ServiceManager::ready(const std::string& text) const { tell("READY=1\n" + status_line(text)); }

void ServiceManager::reloading() const {
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_micros()) + "\n" +
       status_line("reading rules, keys and certificate again"));
}

void ServiceManager::status(const std::string& text) const { tell(status_line(text)); }

void ServiceManager::stopping(const std::string& text, std::chrono::seconds within) const {
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" +
       std::to_string(std::chrono::microseconds(within).count()) + "\n" + status_line(text));
}

void ServiceManager::alive() const { tell("WATCHDOG=1"); }

}  // namespace allocd
