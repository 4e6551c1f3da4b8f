// Reads the YAML that nearly all rule files are written in, in a fraction of the general parser's
// time.
#pragma once

#include <optional>

#include "diagnostics/source_file.h"
#include "policy/located_value.h"
#include "rulefile/yaml_tree.h"

namespace allocd {

// The tree of `file`, which parse_full_yaml() would give without a message: block maps and lists
// of plain and quoted texts in one line each, and brackets. Nothing where the text holds anything
// else, such as an anchor, a tag, a text over several lines or a mistake: the general parser knows
// what it means, or what to say. `file` holds UTF-8 without control characters. Never throws.
std::optional<LocatedValue> parse_simple_yaml(const SourceFile& file, const YamlLimits& limits);

}  // namespace allocd
