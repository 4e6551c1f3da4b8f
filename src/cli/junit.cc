#include "cli/junit.h"

#include <cstddef>
#include <string_view>
#include <vector>

#include "diagnostics/utf8.h"

namespace allocd {
namespace {

// What XML 1.0 cannot say comes out as U+FFFD.
std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(character.size());
    const char c = character[0];
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (length == 0 || control || character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF") {
      out += "\xEF\xBF\xBD";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += character;
    }
  }
  return out;
}

std::string counts(std::size_t tests, std::size_t failures) {
  return " tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) +
         "\" errors=\"0\" skipped=\"0\"";
}

std::string case_xml(const TestResult& result) {
  const TestCase& test = *result.test;
  std::string out = "    <testcase name=\"" + escaped(test.name) + "\" classname=\"" +
                    escaped(test.file) + "\" file=\"" + escaped(test.file) + "\" line=\"" +
                    std::to_string(test.line) + "\" time=\"0\"";
  if (result.passed()) return out + "/>\n";
  std::string text;
  for (const std::string& failure : result.failures) text += failure + "\n";
  return out + ">\n      <failure message=\"" + escaped(result.failures.front()) + "\">" +
         escaped(text) + "</failure>\n    </testcase>\n";
}

}  // namespace

std::string junit_xml(const TestRun& run) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"allocd\"" +
                    counts(run.results.size(), run.failed) + ">\n";
  for (std::size_t i = 0; i < run.results.size();) {
    const std::string& file = run.results[i].test->file;
    std::string cases;
    std::size_t tests = 0;
    std::size_t failures = 0;
    for (; i < run.results.size() && run.results[i].test->file == file; ++i, ++tests) {
      cases += case_xml(run.results[i]);
      if (!run.results[i].passed()) ++failures;
    }
    out += "  <testsuite name=\"" + escaped(file) + "\"" + counts(tests, failures) + ">\n" + cases +
           "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace allocd
