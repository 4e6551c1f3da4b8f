#include "rulefile/lookup_reader.h"

#include <utility>

#include "rulefile/map_reader.h"
#include "rulefile/table_file.h"

namespace allocd {

LookupSpec read_lookup(const LocatedMember& written, Diagnostics& diagnostics) {
  LookupSpec out;
  out.name = written.key;
  out.range = written.value.range;
  MapReader map(written.value, "lookup " + in_backticks(written.key.value), diagnostics);
  if (map.require("table") != nullptr)
    if (auto table = map.text("table")) out.table = std::move(*table);
  if (map.require("key") != nullptr)
    if (auto key = map.text("key")) out.key = std::move(*key);
  out.column = map.text("column");
  map.finish();
  if (out.table.range.file != nullptr && !table_form(out.table.value)) {
    diagnostics.error(
        out.table.range, "bad-value",
        "table " + in_backticks(out.table.value) + " has no ending that tells its form",
        "a table's name ends in `.csv`, `.yaml`, `.yml` or `.json`");
    out.table = {};
  }
  return out;
}

}  // namespace allocd
