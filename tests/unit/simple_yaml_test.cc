// The reader of simple YAML against the general parser, which is right by definition: what it
// takes, both read alike, place by place; what it must leave to the other, it does.
#include "rulefile/simple_yaml.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "diagnostics/utf8.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

void describe(const LocatedValue& value, std::string& out) {
  const auto place = [&](const SourceRange& range) {
    out += '@' + std::to_string(range.begin) + '-' + std::to_string(range.end) + ' ';
  };
  out += std::to_string(value.value.index()) + (value.plain ? "p" : "");
  if (value.is_list()) {
    out += '[';
    for (const LocatedValue& item : value.list()) describe(item, out);
    out += ']';
  } else if (value.is_map()) {
    out += '{';
    for (const LocatedMember& member : value.map()) {
      out += member.key.value;
      place(member.key.range);
      describe(member.value, out);
    }
    out += '}';
  } else {
    out += value.json().dump();
  }
  place(value.range);
}

std::string described(const std::optional<LocatedValue>& tree) {
  std::string out;
  if (tree) describe(*tree, out);
  return out;
}

// Whether the text is simple. If so, the general parser must read the same, without a message.
bool is_simple(const std::string& text) {
  const SourceFile file("r.yaml", "r.yaml", text);
  const auto simple = parse_simple_yaml(file, {});
  if (!simple) return false;
  Diagnostics diagnostics;
  const std::string full = described(parse_full_yaml(file, diagnostics));
  if (!diagnostics.all().empty() || described(simple) != full) {
    CAPTURE(text);
    for (const Diagnostic& d : diagnostics.all()) MESSAGE(render(d));
    CHECK(described(simple) == full);
    CHECK(diagnostics.all().empty());
  }
  return true;
}

// What both parsers may be given.
bool may_be_read(std::string_view text) {
  if (first_invalid_utf8(text) != std::string_view::npos) return false;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F)
      return false;
  return text.find('\xC2') == std::string_view::npos;
}

std::vector<std::string> texts_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.file_size() < 20'000) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> out;
  for (const fs::path& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (may_be_read(text.view())) out.push_back(text.str());
  }
  return out;
}

}  // namespace

TEST_CASE("simple YAML: what rule files are written in is read by the fast reader") {
  const std::string cases[] = {
      "version: 1\nrules:\n  - name: a\n    match:\n      registrationId: {startsWith: \"a-\"}\n",
      "rules:\n- name: a\n  examples: [a-1, \"a-2\", 'a-3']\n- name: b\n",
      "---\n# a comment\na: b # another\n\n  # and one more\nc: d",
      "a: [b, {c: d, \"e\":1}, [], {}]\nf: {g: [\n    h, # h\n    i\n  ]\n  }\n",
      "a: # b\n  # c\n  d: e\nf:   # g\n- h # i\n",
      "a: 'it''s'\nb: \"a \\\"quote\\\" and \\\\\"\nc: \"\"\n",
      "a: null\nb: true\nc: 0x1f\nd: -1.5e3\ne: ^a+$\nf: http://x/y?z#1\n",
      "\"a b\": c\n'd': e\n/f/g: h\npayload.model: i\n",
      "a: caf\xC3\xA9  \nb:   x  y   # z\n",
  };
  for (const std::string& text : cases) {
    CAPTURE(text);
    CHECK(is_simple(text));
  }
}

TEST_CASE("simple YAML: everything else is left to the general parser") {
  const std::string cases[] = {
      "",
      "# nothing\n",
      "text\n",
      "- a\n",
      "{a: b}\n",
      " a: b\n",
      "a: &x b\nc: *x\n",
      "a: !!str 1\n",
      "a: |\n  b\n",
      "a: >-\n  b\n",
      "a: b\n  c\n",
      "a: \"b\n  c\"\n",
      "a: 'b\n  c'\n",
      "a: \"\\x41\"\n",
      "a:\n",
      "a:\nb: c\n",
      "a: b\na: c\n",
      "a: b: c\n",
      "a: b:\n",
      "a: \"b\" c\n",
      "a: \"b\": c\n",
      "a: \"b\"#c\n",
      "a: [b, c\n",
      "a: [b,]\n",
      "a: [b, c: d]\n",
      "a: [# b\n  c]\n",
      "a: {b}\n",
      "a: {b: c, b: d}\n",
      "a: [b\n  c]\n",
      "a: [b\n  , c # d\n  ]\n",
      "a: [\nb]\n",
      "a: [b] c\n",
      "a: [b]: c\n",
      "a: @b\n",
      "a: *-eu-*\n",
      "a: %b\n",
      "a: `b`\n",
      "? a\n: b\n",
      "<<: {a: b}\n",
      "null: b\n",
      "a\tb: c\n",
      "a:\tb\n",
      "a: b\r\n",
      "a: b\n---\nc: d\n",
      "a: b\n...\n",
      "%YAML 1.2\n---\na: b\n",
      "a:\n    b: c\n  d: e\n",
      "a:\n  - b\n c: d\n",
      "a: b\n- c\n",
      "a:\n- b\n  - c\n",
      "a:\n  - - 1\n",
      "a: 1e999\n",
  };
  for (const std::string& text : cases) {
    CAPTURE(text);
    CHECK_FALSE(is_simple(text));
  }
}

TEST_CASE("simple YAML: what is large or deep is left to the general parser") {
  const auto repeated = [](std::size_t times, const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
  };
  CHECK(is_simple("a: " + std::string(90'000, 'x') + "\n"));
  CHECK_FALSE(is_simple("a: " + std::string(110'000, 'x') + "\n"));
  CHECK_FALSE(is_simple("a: '" + std::string(110'000, 'x') + "'\n"));
  CHECK_FALSE(is_simple("a: b #" + std::string(110'000, 'x') + "\n"));
  CHECK_FALSE(is_simple(std::string(1'100, 'k') + ": b\n"));
  CHECK(is_simple("a: [" + repeated(20'000, "1, ") + "1]\n"));
  CHECK_FALSE(is_simple("a: [" + repeated(40'000, "1, ") + "1]\n"));
  CHECK_FALSE(is_simple("a: [" + repeated(40'000, "1,\n  ") + "1]\n"));
  CHECK_FALSE(is_simple("r:\n- a: b\n  c:\n" + repeated(20'000, "  - x: y\n")));
  CHECK(is_simple("a: " + std::string(60, '[') + std::string(60, ']') + "\n"));
  CHECK_FALSE(is_simple("a: " + std::string(100'000, '[') + "\n"));
}

TEST_CASE("simple YAML: whatever is taken means the same to the general parser") {
  const fs::path project = ALLOCD_SOURCE_DIR;
  std::vector<std::string> seeds;
  for (const char* folder : {"rules", "tests/schema/accepted", "tests/fuzz/corpus/yaml"})
    for (std::string& text : texts_in(project / folder))
      if (is_simple(text) && text.size() < 2'000) seeds.push_back(std::move(text));
  REQUIRE(seeds.size() > 20);

  const std::string pieces[] = {
      "\n", "\n ", "\n  ", "\n    ", " ",  "  ", "- ",   "\n- ", ": ",    ":",        ",",
      "[",  "]",   "{",    "}",      "\"", "'",  "#",    " #",   "?",     "&a",       "*a",
      "!",  "|",   "\\",   "\\\"",   "''", "~",  "null", "a: b", "---\n", "\xC3\xA9", "\n\n"};
  std::mt19937 random(1);
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  int taken = 0;
  for (int i = 0; i < 6'000; ++i) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(text.size());
      const std::string& piece = pieces[below(std::size(pieces))];
      switch (below(3)) {
        case 0: text.erase(at, 1 + below(3)); break;
        case 1: text.insert(at, piece); break;
        default: text.replace(at, std::min<std::size_t>(1, text.size() - at), piece); break;
      }
    }
    if (may_be_read(text) && is_simple(text)) ++taken;
  }
  CHECK(taken > 200);
}

}  // namespace allocd
