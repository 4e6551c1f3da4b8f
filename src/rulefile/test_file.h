// Test files (`*.test.yaml`): requests, and what the rules beside them should make of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/located_value.h"
#include "policy/sample_request.h"

namespace allocd {

// What a case says about the answer; what it does not name may be anything. JSON null stands for
// something that must not be there.
struct Expectation {
  std::optional<Json> rule;  // its name; null: none decided
  std::optional<std::int64_t> status;
  std::optional<Json> hub;  // host name or hub name
  std::optional<Json> initial_twin;
  std::optional<Json> payload;
  std::optional<Json> reason;
};

struct TestSpec {
  Located<std::string> name;
  // A request in few words, or the path of a body, relative to the test file.
  std::variant<SampleRequest, Located<std::string>> request;
  Expectation expect;
};

// The cases of a file, in its order. Mistakes are reported: a file without a case and a case
// that expects nothing are some, for they would pass whatever the rules do.
std::vector<TestSpec> parse_test_file(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace allocd
