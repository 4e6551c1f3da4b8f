#include "daemon/serve.h"

#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"
#include "daemon/config.h"
#include "rulefile/load_rules.h"
#include "rulefile/text_file.h"

namespace allocd {
namespace {

std::optional<Config> read_config(const std::string& path) {
  if (path.empty()) return Config{};
  Diagnostics diagnostics;
  std::optional<Config> config;
  std::string why;
  if (auto text = read_text_file(path, why)) {
    config = parse_config(SourceFile(path, path, std::move(*text)), diagnostics);
  } else {
    diagnostics.file_error(path, "unreadable-file", "cannot read the file: " + why);
  }
  print_diagnostics(diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  return config;
}

}  // namespace

int run_serve(const ServeOptions& options) {
  std::optional<Config> config = read_config(options.config);
  if (!config) return kCannotStart;
  // What is said on the command line overrules the file.
  if (!options.rules.empty()) config->rules = options.rules;
  if (!options.listen.empty()) config->listen = options.listen;
  if (!options.admin_listen.empty()) config->admin_listen = options.admin_listen;

  LoadedRules loaded = load_rules(config->rules);
  loaded.sources.clear();  // a daemon lives long
  print_diagnostics(loaded.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  if (!loaded.rules) {
    std::cerr
        << "allocd serve: the rules cannot be used, see above; `allocd dry-run` checks them\n";
    return kCannotStart;
  }
  return serve(*config, loaded.rules);
}

}  // namespace allocd
