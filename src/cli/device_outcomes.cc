#include "cli/device_outcomes.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

using Duration = std::chrono::steady_clock::duration;

constexpr double kPercentiles[] = {50, 90, 99, 100};

double millis(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string with_digits(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  return printable(found->is_string() ? found->get<std::string>() : found->dump(), 1000);
}

// "400207: Custom allocation failed with status code: 400"
std::string why_not(const DeviceOutcome& outcome) {
  if (outcome.http_status == 0) return "interrupted";
  const Json& told = outcome.told;
  if (!told.is_object()) return "HTTP " + std::to_string(outcome.http_status);
  if (!told.contains("errorCode")) return text_of(told, "status");
  const bool refused = outcome.http_status != 200;
  return text_of(told, "errorCode") + ": " + text_of(told, refused ? "message" : "errorMessage");
}

// A kind of failure: the code, without what differs from device to device.
std::string kind_of(const DeviceOutcome& outcome) {
  const std::string why = why_not(outcome);
  return why.substr(0, why.find(':'));
}

struct Summary {
  std::size_t assigned = 0;
  std::map<std::string, std::size_t> hubs;
  struct Failure {
    std::size_t count = 0;
    const DeviceOutcome* first = nullptr;
  };
  std::map<std::string, Failure> failures;
  std::vector<Duration> took;  // of those that have an end, shortest first

  // The shortest time within which so many percent of them ended.
  Duration within(double percent) const {
    if (took.empty()) return {};
    const auto rank = std::ceil(percent / 100 * static_cast<double>(took.size()));
    return took[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  }
};

Summary summary_of(const std::vector<DeviceOutcome>& outcomes) {
  Summary out;
  for (const DeviceOutcome& one : outcomes) {
    if (one.http_status != 0) out.took.push_back(one.took);
    if (one.is_assigned()) {
      ++out.assigned;
      ++out.hubs[text_of(one.told, "assignedHub")];
    } else {
      Summary::Failure& failure = out.failures[kind_of(one)];
      if (failure.count++ == 0) failure.first = &one;
    }
  }
  std::sort(out.took.begin(), out.took.end());
  return out;
}

Json device_json(const DeviceOutcome& outcome) {
  Json out = {{"registrationId", outcome.id}};
  if (outcome.http_status == 0) {
    out["status"] = "interrupted";
  } else if (outcome.http_status != 200) {
    out["status"] = "refused";
    out["errorCode"] = outcome.told.value("errorCode", Json());
    out["errorMessage"] = outcome.told.value("message", Json());
  } else {
    for (const char* name :
         {"status", "assignedHub", "deviceId", "substatus", "errorCode", "errorMessage", "payload"})
      if (const auto found = outcome.told.find(name); found != outcome.told.end())
        out[name] = *found;
  }
  if (outcome.initial_twin) out["initialTwin"] = *outcome.initial_twin;
  out["millis"] = millis(outcome.took);
  return out;
}

}  // namespace

void print_device(const DeviceOutcome& outcome, std::ostream& out) {
  const std::string id = printable(outcome.id, 1000);
  if (!outcome.is_assigned()) {
    out << id << ": not registered, " << why_not(outcome) << '\n';
    return;
  }
  out << "Registration Information received from service: " << text_of(outcome.told, "assignedHub")
      << ", deviceId: " << text_of(outcome.told, "deviceId") << '\n';
  const auto dumped = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  if (!outcome.initial_twin) {
    out << "  initial twin  not applied: the device keeps the one that it has ("
        << text_of(outcome.told, "substatus") << ")\n";
  } else if (outcome.initial_twin->empty()) {
    out << "  initial twin  none\n";
  } else {
    out << "  initial twin  " << dumped(*outcome.initial_twin) << '\n';
  }
  if (const auto payload = outcome.told.find("payload"); payload != outcome.told.end())
    out << "  payload       " << dumped(*payload) << '\n';
}

void print_summary(const std::vector<DeviceOutcome>& outcomes, Duration took, std::ostream& out) {
  const Summary summary = summary_of(outcomes);
  const double seconds = millis(took) / 1000;
  out << outcomes.size() << (outcomes.size() == 1 ? " device" : " devices") << " in "
      << with_digits(seconds, 1) << " s: " << summary.assigned << " assigned, "
      << outcomes.size() - summary.assigned << " not\n";
  for (const auto& [hub, count] : summary.hubs) out << "  " << hub << "  " << count << '\n';
  for (const auto& [kind, failure] : summary.failures)
    out << "  not assigned, " << kind << "  " << failure.count
        << "  (the first: " << printable(failure.first->id) << ", " << why_not(*failure.first)
        << ")\n";
  if (summary.took.empty()) return;
  out << "  from first call to known result: half within "
      << with_digits(millis(summary.within(50)), 1) << " ms, 90 % "
      << with_digits(millis(summary.within(90)), 1) << " ms, 99 % "
      << with_digits(millis(summary.within(99)), 1) << " ms, all "
      << with_digits(millis(summary.within(100)), 1) << " ms\n";
}

Json outcomes_json(const std::vector<DeviceOutcome>& outcomes, Duration took) {
  Json out = {{"devices", Json::array()}, {"summary", Json::object()}};
  for (const DeviceOutcome& one : outcomes) out["devices"].push_back(device_json(one));
  const Summary summary = summary_of(outcomes);
  Json& told = out["summary"];
  told = {{"devices", outcomes.size()},
          {"assigned", summary.assigned},
          {"failed", outcomes.size() - summary.assigned},
          {"seconds", millis(took) / 1000},
          {"hubs", Json::object()},
          {"errors", Json::object()},
          {"latencyMillis", Json::object()}};
  for (const auto& [hub, count] : summary.hubs) told["hubs"][hub] = count;
  for (const auto& [kind, failure] : summary.failures) told["errors"][kind] = failure.count;
  const char* const names[] = {"p50", "p90", "p99", "max"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    told["latencyMillis"][names[i]] = millis(summary.within(kPercentiles[i]));
  return out;
}

}  // namespace allocd
