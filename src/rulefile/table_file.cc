#include "rulefile/table_file.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/closest_match.h"
#include "policy/letter_case.h"
#include "policy/lookup_compiler.h"
#include "policy/value.h"
#include "rulefile/csv.h"
#include "rulefile/yaml_tree.h"

namespace allocd {
namespace {

void report_unknown_column(const Located<std::string>& column, const SourceFile& file,
                           const std::vector<std::string_view>& known, Diagnostics& diagnostics) {
  diagnostics.error(
      column.range, "unknown-column",
      "table " + in_backticks(file.path()) + " has no column " + in_backticks(column.value),
      suggestion(column.value, known));
}

// Indexes the table, whose keys stand at `places` in `file`.
std::shared_ptr<const LookupTable> indexed(LookupTable table,
                                           const std::vector<std::uint32_t>& places,
                                           const SourceFile& file, Diagnostics& diagnostics) {
  const auto range = [&](LookupTable::Row row) {
    // What is quoted in the file may be longer, but on its line nothing else is underlined.
    const auto size = static_cast<std::uint32_t>(table.key(row).size());
    return SourceRange{
        &file, places[row],
        std::min(places[row] + size, static_cast<std::uint32_t>(file.text().size()))};
  };
  for (const LookupTable::Duplicate& d : table.index(Diagnostics::kMaxKept))
    diagnostics.error(range(d.row), "duplicate-row",
                      "a row with the key " + in_backticks(table.key(d.row)) + " stands twice",
                      "the first one is at " + place(range(d.first)) +
                          (table.ignores_case() ? ", letter case does not count" : ""));
  return std::make_shared<const LookupTable>(std::move(table));
}

// Counts rows without a key, to tell of all of them at once.
class EmptyKeys {
 public:
  void add(const SourceRange& at) {
    if (count_++ == 0) first_ = at;
  }
  void report(Diagnostics& diagnostics) const {
    if (count_ == 1)
      diagnostics.warning(first_, "empty-key", "this row's key is empty, so that nothing finds it");
    if (count_ > 1)
      diagnostics.warning(first_, "empty-key",
                          "the keys of " + std::to_string(count_) +
                              " rows are empty, so that nothing finds them; this is the first");
  }

 private:
  SourceRange first_;
  std::size_t count_ = 0;
};

// The columns' names; nothing where one cannot be one.
std::optional<std::vector<std::string>> read_header(const CsvReader& reader,
                                                    const std::vector<CsvField>& header,
                                                    Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.errors();
  std::vector<std::string> out;
  for (const CsvField& field : header) {
    if (field.text.empty())
      diagnostics.error(reader.range(field), "bad-header",
                        "column " + std::to_string(out.size() + 1) + " has no name",
                        "the first row of a table names its columns");
    else if (std::find(out.begin(), out.end(), field.text) != out.end())
      diagnostics.error(reader.range(field), "bad-header",
                        "column " + in_backticks(field.text) + " stands twice");
    out.emplace_back(field.text);
  }
  if (header.size() == 1 && header[0].text.find_first_of(";\t") != std::string_view::npos)
    diagnostics.error(reader.range(header[0]), "bad-header",
                      "the header is one column, " + in_backticks(header[0].text),
                      "fields are separated by commas");
  if (diagnostics.errors() > errors_before) return std::nullopt;
  return out;
}

std::shared_ptr<const LookupTable> read_csv(const SourceFile& file, const LookupSpec& lookup,
                                            bool ignore_case, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.errors();
  CsvReader reader(file, diagnostics);
  const std::vector<CsvField>* header = reader.next();
  if (header == nullptr) {
    if (diagnostics.errors() == errors_before)
      diagnostics.error({&file, 0, 0}, "bad-header", "the table is empty",
                        "the first row of a table names its columns");
    return indexed(LookupTable(ignore_case), {}, file, diagnostics);
  }
  auto columns = read_header(reader, *header, diagnostics);
  if (!columns) return indexed(LookupTable(ignore_case), {}, file, diagnostics);

  std::size_t key_column = 0;
  if (lookup.column) {
    const auto found = std::find(columns->begin(), columns->end(), lookup.column->value);
    if (found == columns->end())
      report_unknown_column(*lookup.column, file, {columns->begin(), columns->end()}, diagnostics);
    else
      key_column = static_cast<std::size_t>(found - columns->begin());
  }
  // A mistaken column says nothing about the keys.
  const bool keyed = !lookup.column || (*columns)[key_column] == lookup.column->value;
  LookupTable table(*std::move(columns), key_column, ignore_case);
  table.reserve(file.text().size() + 1);
  std::vector<std::uint32_t> places;
  EmptyKeys empty_keys;
  while (const std::vector<CsvField>* row = reader.next()) {
    const CsvField& key = (*row)[key_column];
    if (keyed && key.text.empty()) {
      empty_keys.add(reader.range(key));
      continue;
    }
    for (const CsvField& field : *row) table.add_field(field.text);
    places.push_back(key.begin);
  }
  empty_keys.report(diagnostics);
  if (!keyed) return std::make_shared<const LookupTable>(std::move(table));
  return indexed(std::move(table), places, file, diagnostics);
}

// Takes a YAML tree apart into rows.
class TreeTable {
 public:
  TreeTable(const SourceFile& file, const LookupSpec& lookup, bool ignore_case,
            Diagnostics& diagnostics)
      : file_(file), lookup_(lookup), table_(ignore_case), diagnostics_(diagnostics) {}

  std::shared_ptr<const LookupTable> read() {
    const auto tree = parse_yaml(file_, diagnostics_);
    if (!tree) return finish();
    if (tree->is_map()) {
      for (const LocatedMember& m : tree->map()) {
        if (lookup_.column)
          add_by_column(m.value);
        else
          add({m.key.value, m.key.range}, m.value);
      }
    } else if (!tree->is_list()) {
      diagnostics_.error(tree->range, "wrong-type",
                         "a table must be a map or a list of maps" + tree->instead(),
                         tree->is_null() ? "write `{}` for a table without rows" : "");
    } else if (!lookup_.column) {
      diagnostics_.error(lookup_.range, "missing-key",
                         "missing key `column` in lookup " + in_backticks(lookup_.name.value),
                         "table " + in_backticks(file_.path()) +
                             " is a list of maps: name the member that holds the keys");
    } else {
      for (const LocatedValue& item : tree->list()) add_by_column(item);
    }
    if (lookup_.column && !column_there_ && maps_ > 0)
      report_unknown_column(*lookup_.column, file_, {members_.begin(), members_.end()},
                            diagnostics_);
    return finish();
  }

 private:
  std::shared_ptr<const LookupTable> finish() {
    empty_keys_.report(diagnostics_);
    return indexed(std::move(table_), places_, file_, diagnostics_);
  }

  void add_by_column(const LocatedValue& row) {
    const std::string& column = lookup_.column->value;
    if (!row.is_map()) {
      diagnostics_.error(row.range, "wrong-type", "a row must be a map" + row.instead());
      return;
    }
    ++maps_;
    const auto found = std::find_if(row.map().begin(), row.map().end(),
                                    [&](const LocatedMember& m) { return m.key.value == column; });
    if (found != row.map().end()) {
      column_there_ = true;
      report_missing();
      if (found->value.is_scalar())
        add({Value(found->value.json()).display(), found->value.range}, row);
      else
        diagnostics_.error(found->value.range, "wrong-type",
                           "a key must be a text, number or bool" + found->value.instead());
      return;
    }
    if (column_there_)
      report_missing(row);
    else
      missing_.push_back(&row);
    // For a suggestion, should no row have it.
    if (maps_ == 1)
      for (const LocatedMember& m : row.map()) members_.push_back(m.key.value);
  }

  // Rows without the column; where no row has it, that is one mistake and not as many.
  void report_missing() {
    for (const LocatedValue* row : missing_) report_missing(*row);
    missing_.clear();
  }
  void report_missing(const LocatedValue& row) {
    diagnostics_.error(row.range, "missing-key",
                       "missing key " + in_backticks(lookup_.column->value) + " in a row");
  }

  void add(const Located<std::string>& key, const LocatedValue& row) {
    if (key.value.empty()) return empty_keys_.add(key.range);
    if (key.value.find('\0') != std::string::npos) {
      diagnostics_.error(key.range, "control-character", "a key cannot hold a NUL");
      return;
    }
    table_.add_row(key.value, row.json());
    places_.push_back(key.range.begin);
  }

  const SourceFile& file_;
  const LookupSpec& lookup_;
  LookupTable table_;
  Diagnostics& diagnostics_;
  std::vector<std::uint32_t> places_;
  EmptyKeys empty_keys_;
  std::vector<std::string> members_;  // of the first row
  std::vector<const LocatedValue*> missing_;
  std::size_t maps_ = 0;
  bool column_there_ = false;
};

}  // namespace

std::optional<TableForm> table_form(std::string_view path) {
  const std::string name = lower(path);
  if (name.ends_with(".csv")) return TableForm::Csv;
  if (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"))
    return TableForm::Yaml;
  return std::nullopt;
}

std::shared_ptr<const LookupTable> read_table(const SourceFile& file, const LookupSpec& lookup,
                                              Diagnostics& diagnostics) {
  const bool ignore_case = key_ignores_case(lookup.key);
  if (table_form(file.path()) == TableForm::Csv)
    return read_csv(file, lookup, ignore_case, diagnostics);
  return TreeTable(file, lookup, ignore_case, diagnostics).read();
}

}  // namespace allocd
