// Test files on disk in, cases ready to be asked out.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "rulefile/test_file.h"

namespace allocd {

struct TestCase {
  std::string name;
  std::string file;  // as it was opened
  int line = 0;      // of its name
  std::string body;  // as DPS would send it
  Expectation expect;
};

struct LoadedTests {
  std::vector<TestCase> cases;
  std::size_t files = 0;
  std::vector<std::string> body_files;  // what `requestFile` leads to, there or not
  Diagnostics diagnostics;
};

// The cases of the test files that `paths` name, or that are found in the directories among them.
// Everything that is wrong is in the diagnostics: a path that is not there, a file of a request
// that cannot be read, no test at all.
LoadedTests load_tests(const std::vector<std::string>& paths);

}  // namespace allocd
