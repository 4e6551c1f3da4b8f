#include "daemon/serve.h"

#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/read_config.h"
#include "rulefile/load_rules.h"

namespace allocd {

int run_serve(const ServeOptions& options) {
  ServeWith with;
  with.config_file = options.config;
  auto config = read_config(options.config, with.config_text);
  if (!config) return kCannotStart;
  with.config = *std::move(config);
  // What is said on the command line overrules the file.
  if (!options.rules.empty()) with.config.rules = options.rules;
  if (!options.listen.empty()) with.config.listen = options.listen;
  if (!options.admin_listen.empty()) with.config.admin_listen = options.admin_listen;
  with.strict = options.strict;
  with.version = version();

  with.rules = load_rules(with.config.rules, Spec::Drop, Tables::Keep);
  print_diagnostics(with.rules.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  return serve(std::move(with));
}

}  // namespace allocd
