// YAML in, located values out: what is read, where it stands, and what authors are told.
#include "rulefile/yaml_tree.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace allocd {
namespace {

std::string messages(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics.sorted()) out += render(d);
  return out;
}

std::string messages(std::string_view text) {
  const SourceFile file("r.yaml", "r.yaml", std::string(text));
  Diagnostics diagnostics;
  parse_yaml(file, diagnostics);
  return messages(diagnostics);
}

// The value as JSON, or the codes of what is wrong with it.
std::string json_of(std::string_view text, const YamlLimits& limits = {}) {
  const SourceFile file("r.yaml", "r.yaml", std::string(text));
  Diagnostics diagnostics;
  const auto tree = parse_yaml(file, diagnostics, limits);
  std::string out = tree ? tree->json().dump() : "";
  for (const Diagnostic& d : diagnostics.all()) out += "[" + d.code + "]";
  return out;
}

// Every value of the tree by the text that its range covers, in order, separated by ` | `.
void list_places(const LocatedValue& value, std::string& out) {
  if (!out.empty()) out += " | ";
  out += value.range.text();
  if (value.is_list())
    for (const LocatedValue& item : value.list()) list_places(item, out);
  if (value.is_map()) {
    for (const LocatedMember& member : value.map()) {
      out += " | ";
      out += member.key.range.text();
      list_places(member.value, out);
    }
  }
}

std::string places(std::string_view text) {
  const SourceFile file("r.yaml", "r.yaml", std::string(text));
  Diagnostics diagnostics;
  const auto tree = parse_yaml(file, diagnostics);
  CHECK(messages(diagnostics) == "");
  std::string out;
  if (tree) list_places(*tree, out);
  return out;
}

TEST_CASE("scalars have the types of the YAML 1.2 core schema") {
  struct Case {
    std::string_view yaml, json;
  };
  const Case cases[] = {
      {"", "null"},
      {"# nothing\n", "null"},
      {"---\n", "null"},
      {"[~, null, Null, NULL, ]", "[null,null,null,null]"},
      {"[nULL, '~', \"null\"]", R"(["nULL","~","null"])"},
      {"[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]"},
      {"[yes, no, on, off, tRUE]", R"(["yes","no","on","off","tRUE"])"},
      {"[1, -1, +1, 010, -0, 0o17, 0x1F]", "[1,-1,1,10,0,15,31]"},
      {"[1_000, 0o8, 0xg, 1a, -, +, 2001-01-01, 12:30]",
       R"(["1_000","0o8","0xg","1a","-","+","2001-01-01","12:30"])"},
      {"[1.5, -.5, 5., 1e3, 1E-2, +1.0e+1]", "[1.5,-0.5,5.0,1000.0,0.01,10.0]"},
      {"[., 1e, 1.2.3, e5, .e1]", R"([".","1e","1.2.3","e5",".e1"])"},
      {"[9223372036854775807, -9223372036854775808, 18446744073709551615]",
       "[9223372036854775807,-9223372036854775808,18446744073709551615]"},
      {"18446744073709551616", "[number-range]"},
      {"-9223372036854775809", "[number-range]"},
      {"0xFFFFFFFFFFFFFFFFF", "[number-range]"},
      {"[1e999, -1e999]", "[number-range][number-range]"},
      {"[1e-999, 0.0e-999]", "[0.0,0.0]"},
      {"[.inf, -.INF, .nan]", "[number-range][number-range][number-range]"},
      {"['1', \"true\"]", R"(["1","true"])"},
      {"[!!str 1, !!int 1, !!float 1, !!bool true, !!null ~, ! 1]", R"(["1",1,1.0,true,null,"1"])"},
      {"[!!str null, !!str ]", R"(["null",""])"},
      {"{a: !!map {}, b: !!seq []}", R"({"a":{},"b":[]})"},
      {"!!int x", "[tag-mismatch]"},
      {"!!map []", "[tag-mismatch]"},
      {"[!foo x, !!binary eA==]", "[unknown-tag][unknown-tag]"},
      {"{1: a, true: b, null: c, 1.50: d, \"\": e}",
       R"({"1":"a","true":"b","null":"c","1.50":"d","":"e"})"},
      {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", R"({"a":"x\ny\n","b":"x y"})"},
      {"a: b\r\nc: |\r\n  d\r\n", R"({"a":"b","c":"d\n"})"},
      {"a: b\rc: d\r", R"({"a":"b","c":"d"})"},
      {"%YAML 1.2\n---\na: b\n...\n", R"({"a":"b"})"},
      {"\xEF\xBB\xBF"
       "a: b",
       R"({"a":"b"})"},
      {"{\"a\":1,\"b\":[]}", R"({"a":1,"b":[]})"},
      {"# c\n  {a: 1}", R"({"a":1})"},
      {R"("\x85\u0085\x41\t\e\_")", "\"\u0085\u0085A\\t\\u001b\u00A0\""},
      {R"({"\N\N": "é\_\N é\L\P\U0001F600"})",
       "{\"\u0085\u0085\":\"é\u00A0\u0085 é\u2028\u2029\U0001F600\"}"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.yaml);
    CHECK(json_of(c.yaml) == c.json);
  }
}

TEST_CASE("aliases stand for whole values, within bounds") {
  struct Case {
    std::string_view name, yaml, json;
  };
  const Case cases[] = {
      {"scalar", "a: &x 1\nb: *x", R"({"a":1,"b":1})"},
      {"map", "a: &x {k: [1]}\nb: [*x, *x]", R"({"a":{"k":[1]},"b":[{"k":[1]},{"k":[1]}]})"},
      {"inside an open list", "- &x [1]\n- - *x\n  - &y {a: *x}\n  - *y",
       R"([[1],[[1],{"a":[1]},{"a":[1]}]])"},
      {"the last of one name", "[&x 1, *x, &x 2, *x]", "[1,1,2,2]"},
      {"empty", "a: &x\nb: *x", R"({"a":null,"b":null})"},
      {"key", "&x a: *x\nb: {*x : 1}", R"({"a":"a","b":{"a":1}})"},
      {"number as key", "a: &x 010\n*x : b", R"({"a":10,"010":"b"})"},
      {"map as key", "a: &x {}\n*x : b", R"({"a":{}}[key-not-text])"},
      {"same key twice by alias", "a: &x a\n*x : b", R"({"a":"a"}[duplicate-key])"},
      {"cycle", "&x [*x]", "[alias-cycle]"},
      {"cycle further down", "a: &x {b: [{c: *x}]}", "[alias-cycle]"},
      {"unknown", "a: *x", "[unknown-alias]"},
      {"anchor only later", "a: *x\nb: &x 1", "[unknown-alias]"},
      {"in what is not kept", "a: 1\na: &x [1]\nb: *x", "[duplicate-key]"},
      {"beyond the bound", "a: &x [1, 2]\nb: [*x, *x, *x]", "[too-many-aliases]"},
      {"too deep by alias", "a: &x [[[]]]\nb: [[*x]]", "[too-deep]"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(json_of(c.yaml, {.depth = 5, .alias_nodes = 8}) == c.json);
  }
}

TEST_CASE("an alias bomb is refused before it goes off") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i)
      bomb += std::string(i > 0 ? "," : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  CHECK(json_of(bomb) == "[too-many-aliases]");
  const std::string long_text = "a: &a " + std::string(100'000, 'x') + "\nb: [*a";
  std::string aliases;
  for (int i = 0; i < 1000; ++i) aliases += ", *a";
  CHECK(json_of(long_text + aliases + "]") == "[too-many-aliases]");
}

TEST_CASE("depth is bounded in every style") {
  const auto repeat = [](std::string_view s, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += s;
    return out;
  };
  for (const std::string_view opener : {"[", "{", "- ", "? ", "[a, ", "{a: ", "[{a: "}) {
    CAPTURE(opener);
    CHECK(json_of(repeat(opener, 65)) == "[too-deep]");
    CHECK(json_of(repeat(opener, 100'000)) == "[too-deep]");
  }
  CHECK(json_of(repeat("[", 64) + repeat("]", 64)) == repeat("[", 64) + repeat("]", 64));
}

TEST_CASE("ranges cover what the author wrote") {
  struct Case {
    std::string_view name, yaml, places;
  };
  const Case cases[] = {
      {"scalars with their quotes", "[a b, 'c''d', \"e\\\"f\", 1]",
       R"([a b, 'c''d', "e\"f", 1] | a b | 'c''d' | "e\"f" | 1)"},
      {"block map and list", "a:\n  - b\n  - c: d # e\n", "a | a | - | b | c | c | d"},
      {"plain text over lines", "a: b\n   c # d\n", "a | a | b\n   c"},
      {"block text", "a: |2 # x\n   b\nc: >\n  d\n\n  e\n\n", "a | a | |2 # x | c | >\n  d\n\n  e"},
      {"anchors and tags are left out", "a: &x !!str b\nc: !!map &y\n  d: *x\ne: &z {}\n",
       "a | a | b | c | d | d | *x | e | {}"},
      {"nothing, at its key or dash", "a:\nb: &x\nc:\n  -\n  - # y\n  - ~\nnull: z\n",
       "a | a | a | b | &x | c | - | - | - | ~ | null | z"},
      {"nothing, in brackets", "{a, b: , c: [d: , e]}",
       "{a, b: , c: [d: , e]} | a | a | b | b | c | [d: , e] | d | d | d | e"},
      {"brackets over lines", "[ # a\n  {b: [ ]\n  }, # c ]\n]",
       "[ # a\n  {b: [ ]\n  }, # c ]\n] | {b: [ ]\n  } | b | [ ]"},
      {"an alias by its own place", "a: &x [1]\nb: *x", "a | a | [1] | 1 | b | *x | 1"},
      {"JSON", " \n{\"a\": [1, {}]}", "{\"a\": [1, {}]} | \"a\" | [1, {}] | 1 | {}"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(places(c.yaml) == c.places);
  }
}

TEST_CASE("plain scalars are known as such") {
  const SourceFile file("r.yaml", "r.yaml", "[a, 'b', 1, ~, !!str c]");
  Diagnostics diagnostics;
  const auto tree = parse_yaml(file, diagnostics);
  REQUIRE(tree);
  std::string plain;
  for (const LocatedValue& item : tree->list()) plain += item.plain ? 'p' : '-';
  CHECK(plain == "p-pp-");
}

TEST_CASE("mistakes are explained where they were made") {
  struct Case {
    std::string_view yaml, message;
  };
  const Case cases[] = {
      {"hub: *-toasters-*\nhubs: [*-eu-*, \"x\", *]\nother: *-${payload.x}\n",
       "r.yaml:1:6: error: `*-toasters-*` without quotes refers to an anchor `&-toasters-*`, and "
       "there is none before it [unknown-alias]\n"
       "    1 | hub: *-toasters-*\n"
       "      |      ^~~~~~~~~~~~\n"
       "      = help: to mean the text, quote it: `\"*-toasters-*\"`\n"
       "r.yaml:2:8: error: `*-eu-*` without quotes refers to an anchor `&-eu-*`, and there is none "
       "before it [unknown-alias]\n"
       "    2 | hubs: [*-eu-*, \"x\", *]\n"
       "      |        ^~~~~~\n"
       "      = help: to mean the text, quote it: `\"*-eu-*\"`\n"
       "r.yaml:2:21: error: a text that begins with `*` wants quotes [unknown-alias]\n"
       "    2 | hubs: [*-eu-*, \"x\", *]\n"
       "      |                     ^\n"
       "      = help: to mean the text, quote it: `\"*\"`\n"
       "r.yaml:3:8: error: `*-$` without quotes refers to an anchor `&-$`, and there is none "
       "before it [unknown-alias]\n"
       "    3 | other: *-${payload.x}\n"
       "      |        ^~~~~~~~~~~~~~\n"
       "      = help: to mean the text, quote it: `\"*-${payload.x}\"`\n"},
      {"a: 1\nb: 2\na: 3\n",
       "r.yaml:3:1: error: key `a` stands twice in this map [duplicate-key]\n"
       "    3 | a: 3\n"
       "      | ^\n"
       "      = help: it is first in line 1\n"},
      {"<<: *base\n",
       "r.yaml:1:1: error: YAML 1.2 has no merge keys [merge-key]\n"
       "    1 | <<: *base\n"
       "      | ^~\n"
       "      = help: write the members out; an alias can only stand for a whole value: `key: "
       "*name`\n"
       "r.yaml:1:5: error: `*base` without quotes refers to an anchor `&base`, and there is none "
       "before it [unknown-alias]\n"
       "    1 | <<: *base\n"
       "      |     ^~~~~\n"
       "      = help: to mean the text, quote it: `\"*base\"`\n"},
      {"base: &base {}\n<<: *base\n",
       "r.yaml:2:1: error: YAML 1.2 has no merge keys [merge-key]\n"
       "    2 | <<: *base\n"
       "      | ^~\n"
       "      = help: write the members out; an alias can only stand for a whole value: `key: "
       "*name`\n"},
      {"a: b\n---\nc: d\n",
       "r.yaml:2:1: error: a second document begins here [multiple-documents]\n"
       "    2 | ---\n"
       "      | ^~~\n"
       "      = help: a file holds one document; put the second into a file of its own\n"},
      {"a: b\n...\nc: d\n",
       "r.yaml:3:1: error: a second document begins here [multiple-documents]\n"
       "    3 | c: d\n"
       "      | ^~~~\n"
       "      = help: a file holds one document; put the second into a file of its own\n"},
      {"? [a]\n: b\n",
       "r.yaml:1:3: error: a key must be a text, not a list [key-not-text]\n"
       "    1 | ? [a]\n"
       "      |   ^~~\n"},
      {"? {a: b}\n: c\n",
       "r.yaml:1:3: error: a key must be a text, not a map [key-not-text]\n"
       "    1 | ? {a: b}\n"
       "      |   ^~~~~~\n"},
      {": x\n",
       "r.yaml:1:1: error: a key is missing here [key-not-text]\n"
       "    1 | : x\n"
       "      | ^\n"
       "      = help: a key that is an empty text is written `\"\"`\n"},
      {"a: !toaster b\n",
       "r.yaml:1:4: error: unknown tag `!toaster` [unknown-tag]\n"
       "    1 | a: !toaster b\n"
       "      |    ^~~~~~~~\n"
       "      = help: a text that begins with `!` wants quotes\n"},
      {"a: \"b\n",
       "r.yaml:1:4: error: this quote is never closed [unterminated-quote]\n"
       "    1 | a: \"b\n"
       "      |    ^\n"
       "      = help: close it with `\"` where the text ends\n"},
      {"a: \"b\nc: d\n",
       "r.yaml:1:4: error: this quote is never closed [unterminated-quote]\n"
       "    1 | a: \"b\n"
       "      |    ^\n"
       "      = help: close it with `\"` where the text ends\n"},
      {"a: 'b\nc: 'd'\n",
       "r.yaml:1:4: error: the text in quotes that begins here ends in line 2, and more follows "
       "there [unterminated-quote]\n"
       "    1 | a: 'b\n"
       "      |    ^\n"
       "      = help: is the closing `'` missing in line 1?\n"},
      {"x: \"a\n---\nb\"\n",
       "r.yaml:1:4: error: this quote is never closed [unterminated-quote]\n"
       "    1 | x: \"a\n"
       "      |    ^\n"
       "      = help: close it with `\"` where the text ends, at the latest before line 2\n"},
      {"a: 'it's'\n",
       "r.yaml:1:8: error: `s'` follows the closing `'` [yaml-syntax]\n"
       "    1 | a: 'it's'\n"
       "      |        ^~\n"
       "      = help: inside single quotes, a `'` is written `''`\n"},
      {"a: \"b\" c\n",
       "r.yaml:1:8: error: `c` follows the closing `\"` [yaml-syntax]\n"
       "    1 | a: \"b\" c\n"
       "      |        ^\n"
       "      = help: inside double quotes, a `\"` is written `\\\"`\n"},
      {"a: [b] c\n",
       "r.yaml:1:8: error: `c` follows the closing `]` [yaml-syntax]\n"
       "    1 | a: [b] c\n"
       "      |        ^\n"
       "      = help: a text that begins with a bracket wants quotes\n"},
      {"match: \"\\d+\"\n",
       "r.yaml:1:9: error: unknown escape `\\d` in a double-quoted text [yaml-syntax]\n"
       "    1 | match: \"\\d+\"\n"
       "      |         ^~\n"
       "      = help: in single quotes a backslash stands for itself; in double quotes it is "
       "written `\\\\`\n"},
      {"a: \"\\u12\"\n",
       "r.yaml:1:5: error: too few hex digits in an escape [yaml-syntax]\n"
       "    1 | a: \"\\u12\"\n"
       "      |     ^~~~~\n"
       "      = help: `\\x` takes 2 digits, `\\u` 4, `\\U` 8; in single quotes a backslash stands "
       "for itself\n"},
      {"a: \"\\ud83d\\ude00\"\n",
       "r.yaml:1:5: error: escape `\\ud83d` is no character [yaml-syntax]\n"
       "    1 | a: \"\\ud83d\\ude00\"\n"
       "      |     ^~~~~~\n"
       "      = help: write the character itself, or `\\U` and its number in 8 digits\n"},
      {"a:\n\tb: c\n",
       "r.yaml:2:1: error: a tab in the indentation [yaml-syntax]\n"
       "    2 | \tb: c\n"
       "      | ^\n"
       "      = help: YAML indents with spaces only\n"},
      {"a:\n  b: c\n\td: e\n",
       "r.yaml:3:1: error: a tab in the indentation [yaml-syntax]\n"
       "    3 | \td: e\n"
       "      | ^\n"
       "      = help: YAML indents with spaces only\n"},
      {"a: [b, c\nd: e\n",
       "r.yaml:1:4: error: `[` is not closed [yaml-syntax]\n"
       "    1 | a: [b, c\n"
       "      |    ^\n"
       "      = help: close it with `]`, before what stands in line 2\n"},
      {"a: {b: c",
       "r.yaml:1:4: error: `{` is not closed [yaml-syntax]\n"
       "    1 | a: {b: c\n"
       "      |    ^\n"
       "      = help: close it with `}`\n"},
      {"a: [b}\n",
       "r.yaml:1:6: error: `}` where `]` belongs, for the `[` in line 1 [yaml-syntax]\n"
       "    1 | a: [b}\n"
       "      |      ^\n"},
      {"a: ]\n",
       "r.yaml:1:4: error: `]` closes nothing [yaml-syntax]\n"
       "    1 | a: ]\n"
       "      |    ^\n"
       "      = help: a text that begins with `]` wants quotes\n"},
      {"a: [\"b\" c]\n",
       "r.yaml:1:9: error: `,` or `]` expected before `c` [yaml-syntax]\n"
       "    1 | a: [\"b\" c]\n"
       "      |         ^\n"
       "      = help: a text that holds `,`, `: `, brackets or quotes wants quotes around it\n"},
      {"a: b: c\n",
       "r.yaml:1:5: error: a second `:` in one line [yaml-syntax]\n"
       "    1 | a: b: c\n"
       "      |     ^\n"
       "      = help: quote the value: `\"b: c\"`\n"},
      {"a: 1\n  b: 2\n",
       "r.yaml:2:3: error: line is indented as if it belonged to the value in line 1 "
       "[yaml-syntax]\n"
       "    2 |   b: 2\n"
       "      |   ^\n"
       "      = help: keys of one map begin in the same column\n"},
      {"a:\n  b:1\n  c: 2\n",
       "r.yaml:2:3: error: no space after the colon in `b:1` [yaml-syntax]\n"
       "    2 |   b:1\n"
       "      |   ^~~\n"
       "      = help: write `b: 1`\n"},
      {"a: 1\nb\n",
       "r.yaml:2:1: error: `b` has no colon [yaml-syntax]\n"
       "    2 | b\n"
       "      | ^\n"
       "      = help: a key is followed by `:` and its value\n"},
      {"a: 1\nb # c\n",
       "r.yaml:2:1: error: `b` has no colon [yaml-syntax]\n"
       "    2 | b # c\n"
       "      | ^\n"
       "      = help: a key is followed by `:` and its value\n"},
      {"a: \nb:\r--",
       "r.yaml:3:1: error: `--` has no colon [yaml-syntax]\n"
       "    3 | --\n"
       "      | ^~\n"
       "      = help: a key is followed by `:` and its value\n"},
      {"? a\n? b\n", ""},
      {"rules:\n  - name: x\n    match\n    allocate: {}\n",
       "r.yaml:3:5: error: `match` has no colon [yaml-syntax]\n"
       "    3 |     match\n"
       "      |     ^~~~~\n"
       "      = help: a key is followed by `:` and its value\n"},
      {"rules:\n  - name: a\n   match: b\n",
       "r.yaml:3:4: error: a list item begins with `- `, and `match: b` does not [yaml-syntax]\n"
       "    3 |    match: b\n"
       "      |    ^~~~~~~~\n"
       "      = help: indent it deeper if it belongs to the item above, less if to the key of the "
       "list\n"},
      {"a:\n  b: c\n d: e\n",
       "r.yaml:3:2: error: the indentation of `d: e` fits no line above [yaml-syntax]\n"
       "    3 |  d: e\n"
       "      |  ^~~~\n"
       "      = help: keys of one map begin in the same column\n"},
      {"  a: 1\nb: 2\n",
       "r.yaml:2:1: error: `b: 2` does not belong to what is above [yaml-syntax]\n"
       "    2 | b: 2\n"
       "      | ^~~~\n"
       "      = help: check the indentation: keys of one map begin in the same column\n"},
      {"'a':b\n",
       "r.yaml:1:4: error: no space after the colon [yaml-syntax]\n"
       "    1 | 'a':b\n"
       "      |    ^~\n"
       "      = help: write `: ` between a key and its value\n"},
      {"- a\n-b\n",
       "r.yaml:2:1: error: no space after the dash [yaml-syntax]\n"
       "    2 | -b\n"
       "      | ^~\n"
       "      = help: a list item begins with `- `\n"},
      {"a: - b\n",
       "r.yaml:1:4: error: a list cannot begin behind a key [yaml-syntax]\n"
       "    1 | a: - b\n"
       "      |    ^\n"
       "      = help: begin it on the next line, or write it in brackets; a text that begins with "
       "`-` wants quotes\n"},
      {"a: @b\n",
       "r.yaml:1:4: error: a text that begins with `@` wants quotes [yaml-syntax]\n"
       "    1 | a: @b\n"
       "      |    ^\n"
       "      = help: quote it: `\"@b\"`\n"},
      {"a: `b`\n",
       "r.yaml:1:4: error: a text that begins with a backtick wants quotes [yaml-syntax]\n"
       "    1 | a: `b`\n"
       "      |    ^\n"
       "      = help: quote it: `\"`b`\"`\n"},
      {"a: %b\n",
       "r.yaml:1:4: error: a text that begins with `%` wants quotes [yaml-syntax]\n"
       "    1 | a: %b\n"
       "      |    ^\n"
       "      = help: quote it: `\"%b\"`\n"},
      {"a: & b\n",
       "r.yaml:1:4: error: a text that begins with `&` wants quotes [yaml-syntax]\n"
       "    1 | a: & b\n"
       "      |    ^\n"
       "      = help: quote it: `\"& b\"`\n"},
      {"a: |b\n",
       "r.yaml:1:4: error: a text that begins with `|` wants quotes [yaml-syntax]\n"
       "    1 | a: |b\n"
       "      |    ^\n"
       "      = help: quote it: `\"|b\"`\n"},
      {"a: &b &c d\n",
       "r.yaml:1:7: error: two anchors before one value [yaml-syntax]\n"
       "    1 | a: &b &c d\n"
       "      |       ^\n"
       "      = help: a text that begins with `&` wants quotes\n"},
      {"a: 99999999999999999999\n",
       "r.yaml:1:4: error: number `99999999999999999999` does not fit 64 bits [number-range]\n"
       "    1 | a: 99999999999999999999\n"
       "      |    ^~~~~~~~~~~~~~~~~~~~\n"
       "      = help: as a text it wants quotes\n"},
      {"a: .inf\n",
       "r.yaml:1:4: error: number `.inf` has no place in JSON [number-range]\n"
       "    1 | a: .inf\n"
       "      |    ^~~~\n"
       "      = help: as a text it wants quotes\n"},
      {"\303\251: \377\n",
       "r.yaml:1:4: error: not UTF-8 from this byte on [invalid-utf8]\n"
       "    1 | \303\251: \357\277\275\n"
       "      |    ^\n"
       "      = help: save the file as UTF-8\n"},
      {std::string_view("\377\376a\000", 4),
       "r.yaml:1:1: error: the file is UTF-16, not UTF-8 [invalid-utf8]\n"
       "    1 | \357\277\275\357\277\275a\357\277\275\n"
       "      | ^\n"
       "      = help: save it as UTF-8\n"},
      {"a: b\004c\n",
       "r.yaml:1:5: error: control character `\\x04` [control-character]\n"
       "    1 | a: b\357\277\275c\n"
       "      |     ^\n"
       "      = help: in double quotes it can be written as an escape, `\\x07` for example\n"},
      {"a: &x [*x]\n",
       "r.yaml:1:8: error: `*x` stands inside the value that it refers to [alias-cycle]\n"
       "    1 | a: &x [*x]\n"
       "      |        ^~\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.yaml);
    CHECK(messages(c.yaml) == c.message);
  }
}

TEST_CASE("what is wrong in a map leaves the rest of it readable") {
  CHECK(json_of("a: 1\na: 2\nb: {c: 3, c: 4}\n? [x]\n: y\nd: 5") ==
        R"({"a":1,"b":{"c":3},"d":5}[duplicate-key][duplicate-key][key-not-text])");
  CHECK(json_of("<<: {a: 1}\nb: {<<: 2}") == "[merge-key][merge-key]");
  CHECK(json_of("\"<<\": 1") == R"({"<<":1})");
}

TEST_CASE("large and broken files end quickly") {
  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  CHECK(json_of(keys + "k5: 1\n").ends_with("[duplicate-key]"));
  const std::string long_item = "- [" + std::string(1'100'000, ',') + "]";
  CHECK(json_of(long_item) == "[too-large]");
  std::string stars;
  for (int i = 0; i < 1000; ++i) stars += "- *x\n";
  CHECK(json_of(stars).size() == std::string("[unknown-alias]").size() * 50);
}

}  // namespace
}  // namespace allocd
