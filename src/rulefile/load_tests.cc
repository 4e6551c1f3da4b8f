#include "rulefile/load_tests.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "rulefile/rule_paths.h"
#include "rulefile/text_file.h"

namespace allocd {
namespace {

std::optional<std::string> body_of(const TestSpec& test, const std::string& test_file,
                                   LoadedTests& out) {
  if (const auto* sample = std::get_if<SampleRequest>(&test.request))
    return request_body(*sample).dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto& path = std::get<Located<std::string>>(test.request);
  const auto found = std::filesystem::path(test_file).parent_path() / path.value;
  out.body_files.push_back(found.string());
  std::string why;
  auto text = read_text_file(found, why);
  if (!text)
    out.diagnostics.error(path.range, "unreadable-file",
                          "cannot read the request " + in_backticks(path.value) + ": " + why,
                          "the path is relative to the test file");
  return text;
}

}  // namespace

LoadedTests load_tests(const std::vector<std::string>& paths) {
  LoadedTests out;
  for (const RulePath& path : find_test_files(paths, out.diagnostics)) {
    ++out.files;
    std::string why;
    auto text = read_text_file(path.path, why);
    if (!text) {
      out.diagnostics.file_error(path.path, "unreadable-file", "cannot read the file: " + why);
      continue;
    }
    const SourceFile file(path.path, path.name, std::move(*text));
    for (TestSpec& test : parse_test_file(file, out.diagnostics)) {
      auto body = body_of(test, path.path, out);
      if (!body) continue;
      out.cases.push_back({test.name.value, path.path, file.position(test.name.range.begin).line,
                           std::move(*body), std::move(test.expect)});
    }
  }
  if (out.files == 0 && !out.diagnostics.has_errors())
    out.diagnostics.file_error("", "no-tests", "no test file",
                               "tests are written in `*.test.yaml` files beside the rules");
  return out;
}

}  // namespace allocd
