// Any bytes as a CSV table: rows as wide as the header, each found by its key, and messages that
// can be shown.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "diagnostics/diagnostic.h"
#include "rulefile/csv.h"
#include "rulefile/table_file.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

// The fields of every row lie in the file, one behind the other.
void expect_rows(const allocd::SourceFile& file) {
  allocd::Diagnostics diagnostics;
  allocd::CsvReader reader(file, diagnostics);
  std::size_t columns = 0;
  std::size_t end = 0;
  while (const auto* row = reader.next()) {
    if (columns == 0) columns = row->size();
    expect(row->size() == columns && columns > 0);
    for (const allocd::CsvField& field : *row) {
      expect(field.begin >= end && field.end >= field.begin && field.end <= file.text().size());
      expect(field.text.size() <= field.end - field.begin);
      expect(field.text.find('\0') == std::string_view::npos);
      end = field.end;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allocd;
  const SourceFile file("t.csv", "t.csv", std::string(reinterpret_cast<const char*>(data), size));
  expect_rows(file);
  const SourceFile rule("r.yaml", "r.yaml", "registrationId");
  LookupSpec lookup;
  for (const char* key : {"registrationId", "payload.a"}) {
    lookup.key = {key, {&rule, 0, 14}};
    Diagnostics diagnostics;
    const auto table = read_table(file, lookup, diagnostics);
    for (const Diagnostic& d : diagnostics.sorted()) expect(!render(d).empty());
    for (LookupTable::Row row = 0; row < table->rows(); ++row) {
      const auto found = table->find(table->key(row));
      expect(found.has_value());
      // Another row with the same key is an error.
      expect(*found == row || diagnostics.has_errors());
      expect(table->whole(row).size() == table->columns().size());
    }
  }
  return 0;
}
