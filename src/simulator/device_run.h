// Devices that register with the local DPS from within, at a given rate, with
// tokens of their own, through the same API as others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/server.h"
#include "simulator/enrollments.h"
#include "simulator/registration.h"

namespace allocd {

struct SimulatedDevice {
  std::string id;
  std::optional<Json> payload;  // an object
};

struct DeviceOutcome {
  std::string id;
  int http_status = 0;  // of the last answer; 0: the run was interrupted before there was one
  // The registrationState; where the API refused, the error.
  Json told;
  std::optional<Json> initial_twin;  // where it was applied
  // From when the device was to register until what came of it was known.
  std::chrono::steady_clock::duration took{};

  bool is_assigned() const { return http_status == 200 && told.value("status", "") == "assigned"; }
};

class DeviceRun {
 public:
  struct Plan {
    std::size_t count = 0;
    std::function<SimulatedDevice(std::size_t)> device;  // the one with that number, from 0 on
    double rate = 0;                                     // a second; 0: no pause between them
    bool one_by_one = false;  // each begins when the one before has ended
    std::string group;        // the key of which devices without an own one have; empty: the first
  };
  struct Progress {
    std::size_t begun = 0;
    std::size_t ended = 0;
    std::size_t not_assigned = 0;  // of those
  };

  // `enrollments` must outlive it.
  DeviceRun(const Enrollments& enrollments, Plan plan);

  // Why the plan cannot be carried out, or nothing.
  std::optional<std::string> mistake() const;

  // Registers all devices and waits for the last one's end, or for interrupt(). Tells `progress`
  // about once a second. In the order of the plan.
  std::vector<DeviceOutcome> go(const HttpHandler& api,
                                const std::function<void(const Progress&)>& progress);

  // From any thread: what the local DPS says when a registration has ended.
  void ended(const Registration& registration, bool twin_applied);
  // From any thread. Devices that wait are given up.
  void interrupt();

 private:
  using Clock = std::chrono::steady_clock;

  const SymmetricKeys* group_key() const;
  std::string token(const std::string& id) const;
  HttpRequest request(const std::string& method, const std::string& id,
                      const std::string& resource) const;
  void begin(const HttpHandler& api, std::size_t number, Clock::time_point due);
  void finish(std::size_t number, DeviceOutcome outcome);
  bool wait(std::unique_lock<std::mutex>& lock, Clock::time_point until,
            const std::function<bool()>& is_over);

  struct Waiting {
    std::size_t number = 0;
    Clock::time_point since;
  };

  const Enrollments& enrollments_;
  const Plan plan_;
  const HttpHandler* api_ = nullptr;
  std::function<void(const Progress&)> tell_;
  Clock::time_point told_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, Waiting> waiting_;  // by ID in small letters
  std::vector<DeviceOutcome> outcomes_;
  Progress progress_;
  bool interrupted_ = false;
};

}  // namespace allocd
