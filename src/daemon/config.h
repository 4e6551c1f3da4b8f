// The settings of the daemon: fixed at start, unlike the rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/guard_report.h"
#include "daemon/redaction.h"
#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "http/server.h"

namespace allocd {

// Paths of PEM files.
struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string client_ca;  // empty: clients need no certificate
};

struct ReloadSettings {
  bool watch = true;  // reload when files change
  int debounce_millis = 200;
  int poll_seconds = 30;  // between two looks at the files, beside what the system tells
  GuardSettings guard;
  std::size_t guard_sample = 1000;  // devices whose last request is kept
};

struct DecisionLogSettings {
  std::string file;           // empty: none
  bool requests = false;      // whether records have the request and the response
  bool blocks = false;        // when records cannot be written fast enough: answers wait
  std::size_t max_bytes = 0;  // of a file before it is rotated; 0: somebody else does
  std::size_t keep = 5;       // rotated files
  Redaction redaction;        // for all that is written of requests, not the log alone
};

// What each setting is where nobody says otherwise.
struct Config {
  std::string listen = "127.0.0.1:8080";
  std::string admin_listen = "127.0.0.1:8081";
  std::vector<std::string> admin_hosts;  // names that admin requests may give as Host
  std::vector<std::string> rules = {"/etc/allocd/rules"};  // files and directories
  std::string webhook_path = "/allocate";
  std::vector<std::string> webhook_key_files;  // none: open to anyone
  std::optional<TlsFiles> tls;                 // of the webhook
  HttpLimits limits;
  ReloadSettings reload;
  DecisionLogSettings decision_log;
  std::vector<std::string> candidate;  // rules to be tried beside those in force; empty: none
  std::string state;                   // a folder; empty: none
  bool metrics_per_rule = true;
  std::string log_level = "info";   // trace, debug, info, warn, error, off
  std::string log_format = "auto";  // plain, json, journal; auto: what suits stderr
};

// Reads a config file. Mistakes are reported, all of them; a setting that does not exist is one
// [unknown-key]. Nothing comes back where there is an error. An empty file is all defaults.
std::optional<Config> parse_config(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace allocd
