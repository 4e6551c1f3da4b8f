// The subcommands: each takes its arguments as values, prints, and returns an exit code.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace allocd {

// What commands exit with; serve also has kCannotStart.
constexpr int kFine = 0;
constexpr int kFindings = 1;  // bad rules, failing tests, moved devices
constexpr int kWrongUsage = 2;

enum class Format { Text, AsJson };

struct DryRunOptions {
  std::vector<std::string> rules;
  std::string request;  // a path, or `-`
  std::string registration_id;
  std::vector<std::string> linked_hubs;
  std::string payload;
  std::string enrollment_group;
  bool explain = false;
  bool fail_on_warning = false;
  bool witness = false;
  std::size_t suggest = 0;  // how many rules get tests; 0: that is not asked
  Format format = Format::Text;
};
int dry_run(DryRunOptions options);

struct TestOptions {
  std::vector<std::string> paths;  // of rules, of tests, and directories of both
  std::string junit;               // where to write JUnit's XML; empty: nowhere
  double min_coverage = 0;         // percent of the rules
  std::string run;                 // a regular expression that names must hold; empty: all
  bool mutate = false;
  bool watch = false;
  Format format = Format::Text;
};
int run_test(const TestOptions& options);

struct DiffOptions {
  std::string from;                   // rules as they are
  std::string to;                     // rules as they would be
  std::vector<std::string> requests;  // files, or `-`; none: the rules' meaning is compared
  std::vector<std::string> linked_hubs;
  std::string max_moved;  // a percentage; empty: no bound
  bool all = false;
  bool markdown = false;
  Format format = Format::Text;
};
int run_diff(const DiffOptions& options);

struct ServeOptions {
  std::string config;  // empty: none
  std::vector<std::string> rules;
  std::string listen;
  std::string admin_listen;
  bool strict = false;
};
int run_serve(const ServeOptions& options);

struct ReloadOptions {
  std::string admin;   // the daemon's admin listener; empty: as in the configuration
  std::string config;  // empty: none
  bool force = false;
  Format format = Format::Text;
};
int run_reload(const ReloadOptions& options);

struct DeviceKeyOptions {
  std::vector<std::string> registration_ids;
  std::string key_file;  // `-`, or empty: standard input
  std::string key;       // on the command line; empty: not there
  Format format = Format::Text;
};
int run_device_key(const DeviceKeyOptions& options);

struct SimulateOptions {
  std::string webhook;
  std::string enrollments;
  bool check = false;  // the enrollments, and nothing else
  std::string listen = "127.0.0.1:8443";
  std::string tls_cert;
  std::string tls_key;
  std::string ca_out;
  bool http = false;
  std::string webhook_key_file;  // empty: the URL has the key, if there is one
  std::string webhook_ca;        // a file; empty: the system's authorities
  double webhook_timeout = 30;   // seconds
  double time_scale = 1;
  std::string state;
  std::string report;
  // Any of these: devices from within, and no listener.
  std::vector<std::string> devices;  // ID, or ID=FILE
  std::size_t device_count = 0;
  std::string pattern = "device-{n}";
  std::string payload;
  double rate = 0;
  std::string enrollment_group;
  Format format = Format::Text;
};
int run_simulate(const SimulateOptions& options);

int print_version();
std::string version();

}  // namespace allocd
