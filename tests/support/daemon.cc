#include "support/daemon.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace allocd::test {

const char* const kToasterRules = R"(version: 1
rules:
  - name: toaster-007
    match:
      registrationId: {contains: "-contoso-tstrsd-007"}
    allocate:
      hub: "*-toasters-*"
      initialTwin:
        tags: {deviceType: toaster}
        properties: {desired: {state: ready, darknessSetting: medium}}
)";

const char* const kToaster =
    R"({"enrollmentGroup":{"enrollmentGroupId":"contoso-custom-allocated-devices","attestation":{"type":"symmetricKey"}},)"
    R"("deviceRuntimeContext":{"registrationId":"breakroom499-contoso-tstrsd-007","symmetricKey":{}},)"
    R"("linkedHubs":["contoso-toasters-hub-1098.azure-devices.net","contoso-heatpumps-hub-1098.azure-devices.net"]})";

const char* const kToasterAnswer =
    R"({"iotHubHostName":"contoso-toasters-hub-1098.azure-devices.net",)"
    R"("initialTwin":{"properties":{"desired":{"state":"ready","darknessSetting":"medium"}},"tags":{"deviceType":"toaster"}}})";

Daemon::Daemon(std::vector<std::string> options, std::vector<std::string> command)
    : process_(arguments(std::move(options), std::move(command))) {
  if (!process_.output_with("admin on ") || !process_.output_with("\n"))
    throw std::runtime_error("the daemon did not come up: " + process_.output());
  std::smatch match;
  const std::string text = process_.output();
  if (!std::regex_search(text, match,
                         std::regex("serving \\d+ rules? on ([^ ,]+).* admin on ([^ \n]+)")))
    throw std::runtime_error("the daemon does not say where it listens: " + text);
  webhook = match[1];
  admin = match[2];
}

std::vector<std::string> Daemon::arguments(std::vector<std::string> options,
                                           std::vector<std::string> command) const {
  const auto unless_given = [&](const std::string& option, const std::string& value) {
    if (std::find(options.begin(), options.end(), option) == options.end())
      command.insert(command.end(), {option, value});
  };
  command.emplace_back("serve");
  folder_.write("rules.yaml", kToasterRules);
  unless_given("--rules", folder_.path());
  unless_given("--listen", "127.0.0.1:0");
  unless_given("--admin-listen", "127.0.0.1:0");
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

// A line of /proc/PID/status, its number only.
std::size_t Daemon::status(const std::string& name) const {
  std::ifstream file("/proc/" + std::to_string(pid()) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1));
  throw std::runtime_error("the daemon is gone: " + process_.output());
}

std::size_t Daemon::resident_bytes() const { return status("VmRSS") * 1024; }
std::size_t Daemon::peak_bytes() const { return status("VmHWM") * 1024; }
std::size_t Daemon::threads() const { return status("Threads"); }

std::size_t Daemon::descriptors() const {
  const std::filesystem::directory_iterator each("/proc/" + std::to_string(pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(each), end(each)));
}

double Daemon::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(pid()) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  // The name, in parentheses, may have anything in it; what follows has no more of them.
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::vector<std::string> fields(std::istream_iterator<std::string>(rest), {});
  const unsigned long ticks = std::stoul(fields.at(11)) + std::stoul(fields.at(12));
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace allocd::test
