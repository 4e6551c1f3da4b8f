// A table in memory: rows, and the one row that a key finds. What flows in: rows of a file, each
// with a key; what flows out: a row's number for a key, and the values in that row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/located_value.h"
#include "policy/value.h"

namespace allocd {

// Rows of texts under the names of columns (a CSV file), or of JSON values of any shape. Not
// changed once it is indexed; safe to share between threads from then on. Beside its texts, a row
// of texts takes some 15 bytes.
class LookupTable {
 public:
  using Row = std::uint32_t;

  // For rows of texts. Keys stand in column number `key_column`.
  LookupTable(std::vector<std::string> columns, std::size_t key_column, bool ignore_case);
  // For JSON values, each with a key of its own.
  explicit LookupTable(bool ignore_case) : ignore_case_(ignore_case) {}

  void reserve(std::size_t text_bytes) { texts_.reserve(text_bytes); }

  // Adds one field of the row at hand; after the last column the row is complete. INVARIANT: no
  // text has a NUL in it, all of them together have less than 4 GiB, and there are less than 2^28
  // rows.
  void add_field(std::string_view text);
  // Adds a row of the other kind. The same holds for `key`.
  void add_row(std::string_view key, Json value);

  struct Duplicate {
    Row row;
    Row first;  // has the same key
  };
  // To be called once, when all rows are in. Of rows with the same key the first is found; the
  // others come back, as far as there are not more than `most`.
  std::vector<Duplicate> index(std::size_t most);

  // The row with this key. Letters are folded (ASCII) where the table ignores case. Texts are
  // equal or not: the key `7` finds the row of the number 7.
  std::optional<Row> find(std::string_view key) const;

  std::size_t rows() const { return starts_.size(); }
  bool ignores_case() const { return ignore_case_; }
  // Whether rows are texts under `columns()`.
  bool has_columns() const { return !columns_.empty(); }
  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<std::size_t> column(std::string_view name) const;
  // Whether any row has members: a map of scalars has none.
  bool has_members() const { return has_columns() || has_members_; }

  std::string_view text(Row row, std::size_t column) const;
  std::string_view key(Row row) const { return text(row, key_column_); }
  // Of a row that is a JSON value.
  const Json& value(Row row) const { return values_[row]; }
  // The row as a whole: an object of its columns, or its value.
  Json whole(Row row) const;

  // What it takes in memory, all together, JSON values not counted.
  std::size_t bytes() const;

 private:
  std::size_t hash(std::string_view key) const;
  // Whether a slot that is taken holds the row with this key.
  bool is(std::uint32_t slot, std::uint32_t tag, std::string_view wanted) const;

  std::vector<std::string> columns_;
  std::size_t key_column_ = 0;
  bool ignore_case_ = false;
  bool has_members_ = false;
  std::size_t fields_in_row_ = 0;  // of the row at hand
  // The fields of all rows one after the other, each ended by a NUL; of JSON rows only the key.
  std::string texts_;
  std::vector<std::uint32_t> starts_;  // where a row begins in `texts_`
  std::vector<Json> values_;
  // Open addressing, at most three quarters full: 0, or a row's number plus one, with a few bits of
  // its key's hash above it, so that a wrong row is seldom looked at.
  std::vector<std::uint32_t> slots_;
};

}  // namespace allocd
