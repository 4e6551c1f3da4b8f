// Tables of lookups: CSV taken apart, and rows found by key.
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "policy/lookup_table.h"
#include "policy/lookups.h"
#include "rulefile/csv.h"

namespace allocd {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Csv {
  Rows rows;
  std::vector<std::string> mistakes;  // "line:column code"
};

Csv read_csv(const std::string& text) {
  Csv out;
  const SourceFile file("t.csv", "t.csv", text);
  Diagnostics diagnostics;
  CsvReader reader(file, diagnostics);
  while (const auto* row = reader.next()) {
    auto& fields = out.rows.emplace_back();
    for (const CsvField& field : *row) fields.emplace_back(field.text);
  }
  for (const Diagnostic& d : diagnostics.all())
    out.mistakes.push_back(std::to_string(d.line) + ":" + std::to_string(d.column) + " " + d.code);
  return out;
}

}  // namespace

TEST_CASE("csv: rows as RFC 4180 has them") {
  struct Case {
    const char* name;
    std::string text;
    Rows rows;
  };
  const Case cases[] = {
      {"nothing", "", {}},
      {"only line breaks", "\r\n\n\r", {}},
      {"a header", "a,b", {{"a", "b"}}},
      {"CRLF", "a,b\r\n1,2\r\n", {{"a", "b"}, {"1", "2"}}},
      {"LF, none at the end", "a,b\n1,2", {{"a", "b"}, {"1", "2"}}},
      {"CR", "a,b\r1,2\r", {{"a", "b"}, {"1", "2"}}},
      {"a byte order mark", "\xEF\xBB\xBF\"a\",b\n", {{"a", "b"}}},
      {"empty lines are no rows", "\n\na\n\n1\r\n\r\n2\n\n", {{"a"}, {"1"}, {"2"}}},
      {"empty fields", "a,b,c\n,,\n\"\",,\"\"\n", {{"a", "b", "c"}, {"", "", ""}, {"", "", ""}}},
      {"an empty field alone", "a\n\"\"\n", {{"a"}, {""}}},
      {"an empty field at the end", "a,b\n1,", {{"a", "b"}, {"1", ""}}},
      {"spaces belong to the field", "a ,\tb\n 1 , 2\n", {{"a ", "\tb"}, {" 1 ", " 2"}}},
      {"quotes around", "\"a\",\"b\"\n\"1\",2\n", {{"a", "b"}, {"1", "2"}}},
      {"commas and line breaks in quotes",
       "a,b\n\"1,5\",\"x\r\ny\n\nz\"\n",
       {{"a", "b"}, {"1,5", "x\r\ny\n\nz"}}},
      {"doubled quotes",
       "a,b,c\n\"\"\"\",\"say \"\"hi\"\"\",\"\"\"x\"\"\"\n",
       {{"a", "b", "c"}, {"\"", "say \"hi\"", "\"x\""}}},
      {"letters beyond ASCII", "ä,日本\n😀,é\n", {{"ä", "日本"}, {"😀", "é"}}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Csv csv = read_csv(c.text);
    CHECK(csv.rows == c.rows);
    CHECK(csv.mistakes.empty());
  }
}

TEST_CASE("csv: a bad row is told where it is, and the next one is read") {
  struct Case {
    const char* name;
    std::string text;
    std::vector<std::string> mistakes;
    Rows rows;
  };
  const Case cases[] = {
      {"too few", "a,b\n1\n2,3\n", {"2:1 wrong-field-count"}, {{"a", "b"}, {"2", "3"}}},
      {"too many", "a\n\"x\",y\n2\n", {"2:1 wrong-field-count"}, {{"a"}, {"2"}}},
      {"a quote inside", "a,b\nä\"1,2\n3,4\n", {"2:2 stray-quote"}, {{"a", "b"}, {"3", "4"}}},
      {"behind a quote", "a,b\n1,\"x\"y\n3,4\n", {"2:5 stray-quote"}, {{"a", "b"}, {"3", "4"}}},
      {"a blank behind a quote", "a\n\"x\" \n3", {"2:3 stray-quote"}, {{"a"}, {"3"}}},
      {"never closed",
       "a,b\n1,2\n3,\"x\n4,5\n",
       {"3:3 unterminated-quote"},
       {{"a", "b"}, {"1", "2"}}},
      {"a quote at the end", "a\n\"", {"2:1 unterminated-quote"}, {{"a"}}},
      {"NUL",
       std::string("a,b\n1,x\0y\n3,4\n", 14),
       {"2:4 control-character"},
       {{"a", "b"}, {"3", "4"}}},
      {"a control character in quotes",
       "a\n\"x\x1b\"\n3\n",
       {"2:3 control-character"},
       {{"a"}, {"3"}}},
      {"DEL", "a\n\x7f\n3\n", {"2:1 control-character"}, {{"a"}, {"3"}}},
      {"bad UTF-8", "a,b\n1,\xff\n3,4\n", {"2:3 invalid-utf8"}, {}},
      {"a bad header", "a,\"b\"x\n1,2\n3,4\n", {"1:5 stray-quote"}, {}},
      {"several",
       "a\n1,2\n\"3\"4\n5\n6,7\n",
       {"2:1 wrong-field-count", "3:3 stray-quote", "5:1 wrong-field-count"},
       {{"a"}, {"5"}}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Csv csv = read_csv(c.text);
    CHECK(csv.mistakes == c.mistakes);
    CHECK(csv.rows == c.rows);
  }
}

TEST_CASE("lookup table: every row of 50,000 is found by its key, and no other") {
  for (const bool ignore_case : {false, true}) {
    CAPTURE(ignore_case);
    LookupTable table({"site", "serial", "floor"}, 1, ignore_case);
    const std::size_t count = 50'000;
    const std::size_t most_text = std::string("site 1,Device-50000,,").size();
    table.reserve(count * most_text);
    for (std::size_t i = 0; i < count; ++i) {
      table.add_field("site " + std::to_string(i % 7));
      table.add_field("Device-" + std::to_string(i));
      table.add_field("");
    }
    CHECK(table.index(10).empty());
    std::size_t found = 0;
    std::size_t other_letters = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = table.find("Device-" + std::to_string(i));
      found += row && table.text(*row, 0) == "site " + std::to_string(i % 7) &&
               table.text(*row, 2).empty();
      other_letters += table.find("dEVICE-" + std::to_string(i)) == row;
    }
    CHECK(found == count);
    CHECK(other_letters == (ignore_case ? count : 0));
    for (const char* key : {"Device-50000", "Device-", "", "site 1"}) {
      CAPTURE(key);
      CHECK_FALSE(table.find(key));
    }
    CHECK_FALSE(table.find(std::string(300, 'x')));
    // Beyond the texts, well below what a row may take.
    CHECK(table.bytes() < count * (most_text + 20));
  }
}

TEST_CASE("lookup table: of rows with the same key the first is found, the others come back") {
  LookupTable exact(false);
  LookupTable folded(true);
  for (LookupTable* table : {&exact, &folded})
    for (const char* key : {"a", "b", "A", "a"}) table->add_row(key, Json(key));
  REQUIRE(exact.index(10).size() == 1);
  const auto duplicates = folded.index(10);
  REQUIRE(duplicates.size() == 2);
  CHECK(duplicates[0].row == 2);
  CHECK(duplicates[0].first == 0);
  CHECK(duplicates[1].row == 3);
  CHECK(folded.value(*folded.find("A")) == "a");
  CHECK(exact.value(*exact.find("A")) == "A");
}

TEST_CASE("lookup table: an empty one finds nothing") {
  LookupTable table({"a"}, 0, false);
  CHECK(table.index(1).empty());
  CHECK_FALSE(table.find("a"));
  CHECK_FALSE(table.find(""));
}

TEST_CASE("lookups: which names they may have") {
  struct Case {
    const char* name;
    bool form;
    bool reserved;
  };
  const Case cases[] = {
      {"device", true, false},    {"d", true, false},
      {"a_1", true, false},       {"", false, false},
      {"1a", false, false},       {"_a", false, false},
      {"a-b", false, false},      {"a.b", false, false},
      {"\xC3\xA4", false, false}, {"payload", true, true},
      {"hub", true, true},        {"hubName", true, true},
      {"now", true, true},        {"all", true, true},
      {"startsWith", true, true}, {"registrationId", true, true},
      {"version", true, true},    {"certificate", true, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(is_lookup_name(c.name) == c.form);
    CHECK(is_reserved_name(c.name) == c.reserved);
  }
}

}  // namespace allocd
