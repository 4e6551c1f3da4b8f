#include "rulefile/rule_file.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "rulefile/lookup_reader.h"
#include "rulefile/map_reader.h"
#include "rulefile/rule_reader.h"
#include "rulefile/yaml_tree.h"

namespace allocd {
namespace {

// `lines/10-toasters.yaml` is `10-toasters`.
std::string stem(std::string_view name) {
  if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  return std::string(name.substr(0, name.rfind('.')));
}

void read_version(MapReader& map, Diagnostics& diagnostics) {
  const auto version = map.integer("version");
  if (version && version->value != 1)
    diagnostics.error(
        version->range, "unsupported-version",
        "version " + std::to_string(version->value) + " of the rule language is not known",
        "this allocd knows version 1");
}

std::string read_product_line(MapReader& map, const SourceFile& file, Diagnostics& diagnostics) {
  auto line = map.text("productLine");
  if (!line) return stem(file.name());
  if (line->value.empty())
    diagnostics.error(line->range, "empty-text", "`productLine` is empty",
                      "leave it out to take the file's name");
  return std::move(line->value);
}

// The rules in the tree of a file, where they are a list.
LocatedValue::List* rules_in(LocatedValue& tree) {
  if (auto* map = std::get_if<LocatedValue::Map>(&tree.value))
    for (LocatedMember& m : *map)
      if (m.key.value == "rules") return std::get_if<LocatedValue::List>(&m.value.value);
  return nullptr;
}

// Each rule leaves the tree once it is read: a large file would take twice the room.
void read_rules(LocatedValue::List& rules, const std::string& product_line, RuleSetSpec& set,
                Diagnostics& diagnostics) {
  set.rules.reserve(set.rules.size() + rules.size());
  for (LocatedValue& rule : rules) {
    RuleSpec spec = read_rule(rule, product_line, diagnostics);
    if (!spec.name.value.empty() || rule.is_map()) set.rules.push_back(std::move(spec));
    rule.value = LocatedValue::Null();
  }
}

}  // namespace

void parse_rule_file(const SourceFile& file, RuleSetSpec& set, Diagnostics& diagnostics) {
  std::optional<LocatedValue> tree = parse_yaml(file, diagnostics);
  if (tree && !tree->is_null()) {
    MapReader map(*tree, "rule file", diagnostics);
    read_version(map, diagnostics);
    const std::string product_line = read_product_line(map, file, diagnostics);
    if (!map.is_map()) set.complete = false;
    if (const LocatedValue* templates = map.map("templates"))
      for (const LocatedMember& m : templates->map())
        set.templates.push_back({m.key, read_twin(m.value, "template " + in_backticks(m.key.value),
                                                  false, diagnostics)});
    if (const LocatedValue* lookups = map.map("lookups"))
      for (const LocatedMember& m : lookups->map())
        set.lookups.push_back(read_lookup(m, diagnostics));
    if (map.list("rules") != nullptr) read_rules(*rules_in(*tree), product_line, set, diagnostics);
    map.finish();
  }
  if (!tree) set.complete = false;
}

}  // namespace allocd
