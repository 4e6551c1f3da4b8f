// Maps read key by key: what comes back, and what authors are told about the rest.
#include "rulefile/map_reader.h"

#include <functional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "rulefile/yaml_tree.h"

namespace allocd {
namespace {

// What reading `yaml` as a rule has to say.
std::string messages(std::string_view yaml, const std::function<void(MapReader&)>& read) {
  const SourceFile file("r.yaml", "r.yaml", std::string(yaml));
  Diagnostics diagnostics;
  const auto tree = parse_yaml(file, diagnostics);
  REQUIRE(tree);
  MapReader reader(*tree, "rule", diagnostics);
  read(reader);
  std::string out;
  for (const Diagnostic& d : diagnostics.sorted()) out += render(d);
  return out;
}

TEST_CASE("mistakes in a map are told in the author's words") {
  struct Case {
    std::string_view name, yaml;
    std::function<void(MapReader&)> read;
    std::string_view message;
  };
  const Case cases[] = {
      {"all is well", "name: a\nn: 1\n",
       [](MapReader& r) {
         r.text("name");
         r.integer("n");
         r.find("other");
         r.finish();
       },
       ""},
      {"unknown key", "mach: {}\n",
       [](MapReader& r) {
         r.map("match");
         r.finish();
       },
       "r.yaml:1:1: error: unknown key `mach` in rule [unknown-key]\n"
       "    1 | mach: {}\n"
       "      | ^~~~\n"
       "      = help: did you mean `match`?\n"},
      {"unknown key like none", "colour: red\n",
       [](MapReader& r) {
         r.find("name");
         r.find("pick");
         r.finish();
       },
       "r.yaml:1:1: error: unknown key `colour` in rule [unknown-key]\n"
       "    1 | colour: red\n"
       "      | ^~~~~~\n"
       "      = help: one of `name`, `pick`\n"},
      {"missing key", "pick: last\n", [](MapReader& r) { r.require("name"); },
       "r.yaml:1:1: error: missing key `name` in rule [missing-key]\n"
       "    1 | pick: last\n"
       "      | ^\n"},
      {"a text for a map", "allocate: hub\n", [](MapReader& r) { r.map("allocate"); },
       "r.yaml:1:11: error: `allocate` must be a map, not a text [wrong-type]\n"
       "    1 | allocate: hub\n"
       "      |           ^~~\n"},
      {"nothing for a map", "match:\nname: a\n", [](MapReader& r) { r.map("match"); },
       "r.yaml:1:1: error: `match` is empty, expected a map [wrong-type]\n"
       "    1 | match:\n"
       "      | ^~~~~\n"},
      {"a map for a list", "l: {}\n", [](MapReader& r) { r.list("l"); },
       "r.yaml:1:4: error: `l` must be a list, not a map [wrong-type]\n"
       "    1 | l: {}\n"
       "      |    ^~\n"},
      {"a number for a text", "productLine: 7\n", [](MapReader& r) { r.text("productLine"); },
       "r.yaml:1:14: error: `productLine` must be a text, not a number [wrong-type]\n"
       "    1 | productLine: 7\n"
       "      |              ^\n"
       "      = help: quote it: \"7\"\n"},
      {"a bool for a text", "a: True\n", [](MapReader& r) { r.text("a"); },
       "r.yaml:1:4: error: `a` must be a text, not a bool [wrong-type]\n"
       "    1 | a: True\n"
       "      |    ^~~~\n"
       "      = help: quote it: \"True\"\n"},
      {"a list for a text", "a: [b]\n", [](MapReader& r) { r.text("a"); },
       "r.yaml:1:4: error: `a` must be a text, not a list [wrong-type]\n"
       "    1 | a: [b]\n"
       "      |    ^~~\n"},
      {"a text for a bool", "a: yes\n", [](MapReader& r) { r.boolean("a"); },
       "r.yaml:1:4: error: `a` must be `true` or `false`, not a text [wrong-type]\n"
       "    1 | a: yes\n"
       "      |    ^~~\n"
       "      = help: write `true`; `yes` is a text in YAML 1.2\n"},
      {"a fraction for an integer", "a: 1.5\n", [](MapReader& r) { r.integer("a"); },
       "r.yaml:1:4: error: `a` must be a whole number [wrong-type]\n"
       "    1 | a: 1.5\n"
       "      |    ^~~\n"},
      {"a large integer", "a: 9223372036854775808\n", [](MapReader& r) { r.integer("a"); },
       "r.yaml:1:4: error: `a` must be at most 9223372036854775807 [number-range]\n"
       "    1 | a: 9223372036854775808\n"
       "      |    ^~~~~~~~~~~~~~~~~~~\n"},
      {"a text for a number", "a: '1'\n", [](MapReader& r) { r.number("a"); },
       "r.yaml:1:4: error: `a` must be a number, not a text [wrong-type]\n"
       "    1 | a: '1'\n"
       "      |    ^~~\n"},
      {"no map at all", "[a]\n",
       [](MapReader& r) {
         CHECK_FALSE(r.is_map());
         r.require("name");
         r.text("a");
         r.finish();
       },
       "r.yaml:1:1: error: rule must be a map, not a list [wrong-type]\n"
       "    1 | [a]\n"
       "      | ^~~\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(messages(c.yaml, c.read) == c.message);
  }
}

TEST_CASE("values come back with their places") {
  const SourceFile file("r.yaml", "r.yaml",
                        "a: x\nb: true\nc: -3\nd: 1.5\ne: 2\nf: [1]\ng: {h: 1}\n");
  Diagnostics diagnostics;
  const auto tree = parse_yaml(file, diagnostics);
  REQUIRE(tree);
  MapReader reader(*tree, "rule", diagnostics);
  CHECK(reader.text("a")->value == "x");
  CHECK(reader.text("a")->range.text() == "x");
  CHECK(reader.boolean("b")->value);
  CHECK(reader.integer("c")->value == -3);
  CHECK(reader.number("d")->value == 1.5);
  CHECK(reader.number("e")->value == 2.0);
  CHECK(reader.list("f")->list().size() == 1);
  CHECK(reader.key_of("g")->range.text() == "g");
  CHECK(reader.key_of("z") == nullptr);
  CHECK_FALSE(reader.text("z"));
  const auto rest = reader.rest();
  REQUIRE(rest.size() == 1);
  CHECK(rest[0]->key.value == "g");
  CHECK(reader.rest().empty());
  reader.finish();
  CHECK(diagnostics.all().empty());
}

TEST_CASE("maps of very many keys are read in no time") {
  std::string yaml;
  for (int i = 0; i < 50'000; ++i) yaml += "k" + std::to_string(i) + ": 1\n";
  CHECK(messages(yaml, [](MapReader& r) {
          for (int i = 0; i < 50'000; ++i) CHECK(r.find("k" + std::to_string(i)) != nullptr);
          r.finish();
        }) == "");
  CHECK_FALSE(messages(yaml, [](MapReader& r) {
                r.find("name");
                r.finish();
              }).empty());
}

}  // namespace
}  // namespace allocd
