// Tables of lookups. What flows in: the text of a CSV, YAML or JSON file, and what a lookup wants
// of it; what flows out: its rows in memory, found by key, and diagnostics.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/lookup_table.h"
#include "policy/rule_spec.h"

namespace allocd {

enum class TableForm { Csv, Yaml };

// By the ending of the file's name: `.csv`, `.yaml`, `.yml`, `.json` (which is YAML).
std::optional<TableForm> table_form(std::string_view path);

// The table that `file` is for `lookup`. Reports what is wrong with the file, and a column that it
// does not have [unknown-column], at its place in the rule file. Of keys: one that stands twice
// [duplicate-row], and those that are empty, which nothing finds (warning [empty-key]). Never null:
// rows that are not good are left out.
std::shared_ptr<const LookupTable> read_table(const SourceFile& file, const LookupSpec& lookup,
                                              Diagnostics& diagnostics);

}  // namespace allocd
