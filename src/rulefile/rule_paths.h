// Which files make up a rule set, and which are its tests.
#pragma once

#include <string>
#include <string_view>
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

// Test files (`*.test.yaml`, `*.test.yml`), likewise; a directory may have none.
std::vector<RulePath> find_test_files(const std::vector<std::string>& paths,
                                      Diagnostics& diagnostics);

// Whether a file of this name in a directory is one of its rule files.
bool is_rule_file_name(std::string_view name);

// Whether a path is a test file's by its name.
bool is_test_file_name(std::string_view path);

}  // namespace allocd
