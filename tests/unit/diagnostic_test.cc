// What authors see of a mistake, and what that is made of: positions, UTF-8, suggestions.
#include "diagnostics/diagnostic.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "diagnostics/closest_match.h"
#include "diagnostics/source_file.h"
#include "diagnostics/utf8.h"

namespace allocd {
namespace {

std::string message(std::string_view text, std::uint32_t begin, std::uint32_t end,
                    bool colour = false) {
  const SourceFile file("rules/a.yaml", "a.yaml", std::string(text));
  Diagnostics diagnostics;
  diagnostics.error({&file, begin, end}, "some-code", "it is wrong", "mend it");
  return render(diagnostics.all().front(), colour);
}

TEST_CASE("a message shows the line and points at the place") {
  struct Case {
    std::string_view name, text;
    std::uint32_t begin, end;
    std::string_view expected;
  };
  const std::string wide(100, 'a');
  const std::string wide_line = wide + "<" + wide;
  const std::string wide_shown =
      "rules/a.yaml:1:101: error: it is wrong [some-code]\n    1 | …" + std::string(80, 'a') + "<" +
      std::string(79, 'a') + "…\n      |  " + std::string(80, ' ') + "^\n      = help: mend it\n";
  std::string very_wide_line;
  for (int i = 0; i < 3000; ++i) very_wide_line += "\xC3\xA9";
  std::string very_wide_shown = "rules/a.yaml:1:1501: error: it is wrong [some-code]\n    1 | …";
  for (int i = 0; i < 160; ++i) very_wide_shown += "\xC3\xA9";
  very_wide_shown += "…\n      |  " + std::string(80, ' ') + "^~\n      = help: mend it\n";
  const Case cases[] = {
      {"one word", "a: 1\nbc: 2\n", 5, 7,
       "rules/a.yaml:2:1: error: it is wrong [some-code]\n"
       "    2 | bc: 2\n"
       "      | ^~\n"
       "      = help: mend it\n"},
      {"nothing to underline", "a: 1", 1, 1,
       "rules/a.yaml:1:2: error: it is wrong [some-code]\n"
       "    1 | a: 1\n"
       "      |  ^\n"
       "      = help: mend it\n"},
      {"the end of the file", "a\n", 9, 12,
       "rules/a.yaml:2:1: error: it is wrong [some-code]\n"
       "    2 | \n"
       "      | ^\n"
       "      = help: mend it\n"},
      {"over several lines, the first is shown", "a: |\n  b\n", 3, 8,
       "rules/a.yaml:1:4: error: it is wrong [some-code]\n"
       "    1 | a: |\n"
       "      |    ^\n"
       "      = help: mend it\n"},
      {"tabs stay, so that the caret stands right", "\ta\tbc", 3, 5,
       "rules/a.yaml:1:4: error: it is wrong [some-code]\n"
       "    1 | \ta\tbc\n"
       "      | \t \t^~\n"
       "      = help: mend it\n"},
      {"columns are characters", "\xC3\xBC\xE2\x82\xAC: \xF0\x9F\x98\x80x", 7, 12,
       "rules/a.yaml:1:5: error: it is wrong [some-code]\n"
       "    1 | \xC3\xBC\xE2\x82\xAC: \xF0\x9F\x98\x80x\n"
       "      |     ^~\n"
       "      = help: mend it\n"},
      {"control characters are harmless", "a\x1b[31m\x7f\xC2\x9B\xE2\x80\xAE\xFFz", 13, 14,
       "rules/a.yaml:1:11: error: it is wrong [some-code]\n"
       "    1 | a\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\n"
       "      |           ^\n"
       "      = help: mend it\n"},
      {"a long line around the place", wide_line, 100, 101, wide_shown},
      {"a very long line", very_wide_line, 3000, 3004, very_wide_shown},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(message(c.text, c.begin, c.end) == c.expected);
  }
  CHECK(message("a", 0, 1, true) ==
        "\x1b[1mrules/a.yaml:1:1: \x1b[1;31merror: \x1b[0mit is wrong [some-code]\n"
        "    1 | a\n"
        "      | \x1b[1;32m^\x1b[0m\n"
        "      = help: mend it\n");
}

TEST_CASE("a message may have no place") {
  Diagnostics diagnostics;
  diagnostics.warning({}, "some-code", "it is odd");
  CHECK(render(diagnostics.all().front()) == "warning: it is odd [some-code]\n");
  Diagnostic of_file;
  of_file.file = "rules";
  of_file.code = "empty";
  of_file.message = "nothing there";
  CHECK(render(of_file) == "rules: error: nothing there [empty]\n");
}

TEST_CASE("messages are counted, kept within bounds and sorted by file and line") {
  const SourceFile a("a", "a", "1\n2\n3\n");
  const SourceFile b("b", "b", "1\n");
  Diagnostics first;
  first.error({&b, 0, 1}, "x", "b1");
  first.error({&a, 4, 5}, "x", "a3");
  first.warning({&a, 0, 1}, "x", "a1");
  Diagnostics second;
  second.error({&b, 1, 2}, "x", "b2");
  first.append(std::move(second));
  CHECK(first.errors() == 3);
  CHECK(first.warnings() == 1);
  std::string order;
  for (const Diagnostic& d : first.sorted()) order += d.message + " ";
  CHECK(order == "b1 b2 a1 a3 ");

  Diagnostics many;
  for (std::size_t i = 0; i < Diagnostics::kMaxKept + 5; ++i) many.error({&a, 0, 1}, "x", "m");
  many.warning({&a, 0, 1}, "x", "w");
  CHECK(many.all().size() == Diagnostics::kMaxKept);
  CHECK(many.dropped() == 6);
  CHECK(many.errors() == Diagnostics::kMaxKept + 5);
  CHECK(many.warnings() == 1);
}

TEST_CASE("what people typed is quoted harmlessly") {
  struct Case {
    std::string_view text, expected;
  };
  const Case cases[] = {
      {"", "``"},
      {"abc", "`abc`"},
      {"a\nb\tc\r", "`a\\nb\\tc\\r`"},
      {"\x1b[31m", "`\\x1b[31m`"},
      {"\xC3\xBC", "`\xC3\xBC`"},
      {"\xFF\xC3", "`\\xff\\xc3`"},
      {"\xE2\x80\xAE", "`\\xe2\\x80\\xae`"},
      {std::string_view("\0", 1), "`\\x00`"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(in_backticks(c.text) == c.expected);
  }
  CHECK(printable("abcdef", 4) == "abcd…");
  CHECK(printable("ab\xC3\xBC", 3) == "ab…");
}

TEST_CASE("positions are those of an editor") {
  struct Case {
    std::string_view name, text;
    std::size_t offset;
    int line, column;
    std::string_view shown;
  };
  const Case cases[] = {
      {"begin", "ab\ncd", 0, 1, 1, "ab"},
      {"line break belongs to its line", "ab\ncd", 2, 1, 3, "ab"},
      {"second line", "ab\ncd", 4, 2, 2, "cd"},
      {"CRLF", "ab\r\ncd\r\n", 4, 2, 1, "cd"},
      {"lone CR", "ab\rcd", 3, 2, 1, "cd"},
      {"CR CR LF", "a\r\r\nb", 4, 3, 1, "b"},
      {"BOM is no text",
       "\xEF\xBB\xBF"
       "ab",
       1, 1, 2, "ab"},
      {"no final line break", "ab\ncd", 99, 2, 3, "cd"},
      {"final line break", "ab\n", 3, 2, 1, ""},
      {"characters, not bytes", "\xC3\xBC\xC3\xBCx", 4, 1, 3, "\xC3\xBC\xC3\xBCx"},
      {"empty", "", 0, 1, 1, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const SourceFile file("a", "a", std::string(c.text));
    CHECK(file.position(c.offset).line == c.line);
    CHECK(file.position(c.offset).column == c.column);
    CHECK(file.line(c.line) == c.shown);
  }
  const SourceFile file("a", "a", "ab\ncd");
  CHECK(file.line(0) == "");
  CHECK(file.line(3) == "");
  CHECK(file.line_start(4) == 3);
}

TEST_CASE("the closest match is what was meant") {
  const std::vector<std::string_view> names = {"match",  "matches",  "name",  "allocate",
                                               "reject", "contains", "noHub", "registrationId"};
  struct Case {
    std::string_view word, expected;
  };
  const Case cases[] = {
      {"mach", "match"},
      {"mathc", "match"},
      {"matchs", "match"},
      {"MATCH", "match"},
      {"nohub", "noHub"},
      {"contain", "contains"},
      {"alocate", "allocate"},
      {"registrationIdd", "registrationId"},
      {"colour", ""},
      {"x", ""},
      {"", ""},
      {"twin", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.word);
    CHECK(closest_match(c.word, names).value_or("") == c.expected);
  }
  CHECK_FALSE(closest_match(std::string(1000, 'm'), names));
  CHECK(suggestion("mach", names) == "did you mean `match`?");
  CHECK(suggestion("colour", {"name", "pick"}) == "one of `name`, `pick`");
  CHECK(suggestion("colour", {"name"}) == "only `name`");
  CHECK(suggestion("colour", {}) == "");
  CHECK(suggestion("colour", std::vector<std::string_view>(17, "pick")) == "");
}

TEST_CASE("UTF-8 is what RFC 3629 allows") {
  struct Case {
    std::string_view name, bytes;
    std::size_t length;
  };
  const Case cases[] = {
      {"empty", "", 0},
      {"ASCII", "a", 1},
      {"two", "\xC2\x80", 2},
      {"three", "\xE0\xA0\x80", 3},
      {"last before surrogates", "\xED\x9F\xBF", 3},
      {"surrogate", "\xED\xA0\x80", 0},
      {"after surrogates", "\xEE\x80\x80", 3},
      {"four", "\xF0\x90\x80\x80", 4},
      {"the last of all", "\xF4\x8F\xBF\xBF", 4},
      {"beyond the last", "\xF4\x90\x80\x80", 0},
      {"far beyond", "\xF5\x80\x80\x80", 0},
      {"overlong two", "\xC1\xBF", 0},
      {"overlong three", "\xE0\x9F\xBF", 0},
      {"overlong four", "\xF0\x8F\xBF\xBF", 0},
      {"continuation alone", "\x80", 0},
      {"cut short", "\xE2\x82", 0},
      {"wrong continuation", "\xE2\x28\xA1", 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(utf8_length(c.bytes) == c.length);
  }
  CHECK(first_invalid_utf8("a\xC3\xBC\xE2\x82\xAC") == std::string_view::npos);
  CHECK(first_invalid_utf8("a\xC3\xBC\xE2\x82") == 3);
}

}  // namespace
}  // namespace allocd
