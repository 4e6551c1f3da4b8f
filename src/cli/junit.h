// Results of tests as JUnit's XML, which build servers show.
#pragma once

#include <string>

#include "analysis/run_tests.h"

namespace allocd {

// A suite for each test file.
std::string junit_xml(const TestRun& run);

}  // namespace allocd
