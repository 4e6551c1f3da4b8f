// YAML text in, a tree of located values out.
#pragma once

#include <optional>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/located_value.h"

namespace allocd {

// Bounds on what one file may hold; beyond them it is refused with a message.
struct YamlLimits {
  std::size_t depth = 64;             // containers inside one another
  std::size_t alias_nodes = 100'000;  // values that aliases add, all together
};

// The single document of `file`, typed by the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2):
// what is quoted is text. A file without a document, or with only comments, is null.
//
// Reports and returns nothing where the text is not one well-formed YAML document that can stand
// for JSON: [yaml-syntax], [invalid-utf8], [control-character], [multiple-documents],
// [unterminated-quote], [unknown-tag], [tag-mismatch], [merge-key], [too-deep], [too-large],
// [too-many-aliases], [unknown-alias], [alias-cycle], and numbers that JSON cannot hold
// [number-range]. A key that stands twice in a map [duplicate-key]
// and a key that is no scalar [key-not-text] are reported, and the tree comes back without the
// later one. Never throws on any input, never recurses deeper than `limits.depth`.
std::optional<LocatedValue> parse_yaml(const SourceFile& file, Diagnostics& diagnostics,
                                       const YamlLimits& limits = {});

// The same by the general parser alone, which is what defines it. `file` holds UTF-8 without
// control characters.
std::optional<LocatedValue> parse_full_yaml(const SourceFile& file, Diagnostics& diagnostics,
                                            const YamlLimits& limits = {});

}  // namespace allocd
