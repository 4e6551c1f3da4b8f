// The settings of the daemon: fixed at start, unlike the rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// What each setting is where nobody says otherwise.
struct Config {
  std::string listen = "127.0.0.1:8080";
  std::string admin_listen = "127.0.0.1:8081";
  std::vector<std::string> rules = {"/etc/allocd/rules"};  // files and directories
  std::string webhook_path = "/allocate";
  std::vector<std::string> webhook_key_files;  // none: open to anyone
  std::optional<TlsFiles> tls;                 // of the webhook
  HttpLimits limits;
  std::string log_level = "info";  // trace, debug, info, warn, error, off
};

// Reads a config file. Mistakes are reported, all of them; a setting that does not exist is one
// [unknown-key]. Nothing comes back where there is an error. An empty file is all defaults.
std::optional<Config> parse_config(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace allocd
