#include "rulefile/test_file.h"

#include <set>
#include <utility>

#include "rulefile/map_reader.h"
#include "rulefile/sample_reader.h"
#include "rulefile/yaml_tree.h"

namespace allocd {
namespace {

// A text, or null.
std::optional<Json> read_text_or_null(MapReader& map, std::string_view key) {
  const LocatedValue* value = map.find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_null()) return Json(nullptr);
  const auto text = map.text(key);
  return text ? std::optional(Json(text->value)) : std::nullopt;
}

std::optional<Json> read_value(MapReader& map, std::string_view key) {
  const LocatedValue* value = map.find(key);
  return value != nullptr ? std::optional(value->json()) : std::nullopt;
}

Expectation read_expectation(const LocatedValue& value, Diagnostics& diagnostics) {
  Expectation out;
  MapReader map(value, "`expect`", diagnostics);
  out.rule = read_text_or_null(map, "rule");
  if (const auto status = map.integer("status")) {
    out.status = status->value;
    if (status->value < 100 || status->value > 599)
      diagnostics.error(status->range, "out-of-range",
                        "`status` cannot be " + in_backticks(status->range.text()),
                        "allocd answers with 200, 400, 401 or 503");
  }
  out.hub = read_text_or_null(map, "hub");
  out.initial_twin = read_value(map, "initialTwin");
  out.payload = read_value(map, "payload");
  out.reason = read_text_or_null(map, "reason");
  map.finish();
  if (value.is_map() && value.map().empty())
    diagnostics.error(value.range, "empty-expect",
                      "`expect` says nothing, so the case always passes",
                      "name what the answer must have: `rule`, `status`, `hub`, `initialTwin`, "
                      "`payload` or `reason`");
  return out;
}

class TestFileReader {
 public:
  TestFileReader(const std::vector<std::string>& linked_hubs, Diagnostics& diagnostics)
      : linked_hubs_(linked_hubs), diagnostics_(diagnostics) {}

  TestSpec read(const LocatedValue& value) {
    TestSpec out;
    MapReader map(value, "test", diagnostics_);
    if (!map.is_map()) return out;
    if (map.require("name") != nullptr)
      if (auto name = map.text("name")) out.name = std::move(*name);
    if (out.name.range.file == nullptr) out.name.range = value.range;
    if (!out.name.value.empty() && !names_.insert(out.name.value).second)
      diagnostics_.error(out.name.range, "duplicate-test",
                         "a second test " + in_backticks(out.name.value) + " in this file");
    read_request(map, out);
    if (const LocatedValue* expect = map.require("expect"))
      out.expect = read_expectation(*expect, diagnostics_);
    map.finish();
    return out;
  }

 private:
  void read_request(MapReader& map, TestSpec& out) {
    const LocatedValue* request = map.find("request");
    auto file = map.text("requestFile");
    if ((request != nullptr) == file.has_value()) {
      diagnostics_.error(map.range(), "missing-request",
                         request != nullptr ? "`request` and `requestFile` are two requests"
                                            : "a test needs a `request` or a `requestFile`");
    } else if (file) {
      out.request = std::move(*file);
    } else if (auto sample = read_sample(*request, diagnostics_)) {
      if (!request->is_map() || !names_hubs(*request)) sample->linked_hubs = linked_hubs_;
      out.request = std::move(*sample);
    }
  }

  // An empty list is one of its own.
  static bool names_hubs(const LocatedValue& request) {
    for (const LocatedMember& m : request.map())
      if (m.key.value == "linkedHubs") return true;
    return false;
  }

  const std::vector<std::string>& linked_hubs_;
  Diagnostics& diagnostics_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<TestSpec> parse_test_file(const SourceFile& file, Diagnostics& diagnostics) {
  std::vector<TestSpec> out;
  const std::size_t errors_before = diagnostics.errors();
  const std::optional<LocatedValue> tree = parse_yaml(file, diagnostics);
  if (!tree) return out;
  if (!tree->is_null()) {
    MapReader map(*tree, "test file", diagnostics);
    std::vector<std::string> linked_hubs;
    if (const LocatedValue* hubs = map.list("linkedHubs"))
      for (const LocatedValue& hub : hubs->list())
        if (auto name = as_text(hub, "a host in `linkedHubs`", diagnostics))
          linked_hubs.push_back(std::move(name->value));
    TestFileReader reader(linked_hubs, diagnostics);
    if (const LocatedValue* tests = map.list("tests"))
      for (const LocatedValue& test : tests->list()) out.push_back(reader.read(test));
    map.finish();
  }
  if (out.empty() && diagnostics.errors() == errors_before)
    diagnostics.error(tree->range, "no-tests", "no test in this file",
                      "a test file has a list `tests`");
  return out;
}

}  // namespace allocd
