// An answer held against what a test case expects of it.
#pragma once

#include <string>
#include <vector>

#include "rulefile/test_file.h"
#include "webhook/answer.h"

namespace allocd {

// A line for each place that differs, what `rule` says first; none where all is as expected.
std::vector<std::string> differences(const Expectation& expect, const Answer& answer);

// Whether the rule that decides is the one that is expected; true where none is named.
bool is_expected_rule(const Expectation& expect, const Decision& decision);

}  // namespace allocd
