// Which files make up a rule set.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"

namespace allocd {

struct RulePath {
  std::string path;  // to open, and to show
  std::string name;  // within its set
};

// The files that `paths` (files, or directories that are searched) stand for, in the order in which
// their rules are tried. Reports paths that are not there or cannot be read.
std::vector<RulePath> find_rule_files(const std::vector<std::string>& paths,
                                      Diagnostics& diagnostics);

}  // namespace allocd
