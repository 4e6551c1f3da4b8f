#include "cli/read_config.h"

#include <iostream>
#include <unistd.h>
#include <utility>

#include "cli/output.h"
#include "rulefile/text_file.h"

namespace allocd {

std::optional<Config> read_config(const std::string& path, std::string& text) {
  if (path.empty()) return Config{};
  Diagnostics diagnostics;
  std::optional<Config> config;
  std::string why;
  if (auto found = read_text_file(path, why)) {
    text = *found;
    // Mistakes point into it.
    const SourceFile file(path, path, *std::move(found));
    config = parse_config(file, diagnostics);
  } else {
    diagnostics.file_error(path, "unreadable-file", "cannot read the file: " + why);
  }
  print_diagnostics(diagnostics, wants_colour(STDERR_FILENO), std::cerr);
  return config;
}

}  // namespace allocd
