// The local DPS as a process: on a listening address until a signal ends it, or for devices from
// within.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/client.h"
#include "simulator/device_run.h"
#include "simulator/enrollments.h"
#include "simulator/local_dps.h"

namespace allocd {

// Where devices find it, and by what they believe it.
struct DeviceListener {
  std::string address;  // as for HttpEndpoint
  bool has_tls = true;
  std::string certificate;  // a file, as `key`; empty: they are made up
  std::string key;
  std::string ca_out;  // where to write the authority of a made-up one; empty: nowhere
};

struct SimulateWith {
  Enrollments enrollments;
  LocalDps::Settings settings;
  HttpUrl webhook;     // that of the settings, taken apart
  std::string state;   // a file; empty: in memory
  std::string report;  // a file for hub_report(); empty: none
  // One line at a time, for people; from several threads, but not at once.
  std::function<void(const std::string& line)> say;
  // Waits for the next signal: SIGHUP, or one that ends the process.
  std::function<int()> next_signal;
};

// What cannot be done, for people: an address that is taken, a file that cannot be used.
struct CannotSimulate {
  std::string message;
};

// Serves devices until SIGINT or SIGTERM; SIGHUP writes the report. Throws CannotSimulate.
void serve_devices(const SimulateWith& with, const DeviceListener& listener);

// Registers those of the plan; SIGINT and SIGTERM end it early. Throws CannotSimulate.
std::vector<DeviceOutcome> run_devices(const SimulateWith& with, const DeviceRun::Plan& plan,
                                       const std::function<void(const DeviceRun::Progress&)>& tell);

}  // namespace allocd
