// CSV as RFC 4180 describes it, row by row. What flows in: the text of a file; what flows out: rows
// of fields with their places, and diagnostics for rows that are none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"

namespace allocd {

struct CsvField {
  std::string_view text;    // without the quotes around it, doubled ones halved
  std::uint32_t begin = 0;  // where it stands in the file, quotes included
  std::uint32_t end = 0;
};

// Reads a text once, from its beginning to its end. Fields are separated by commas; one in double
// quotes may hold commas, line breaks and quotes, these doubled. Lines end in CRLF, LF or CR; an
// empty line is no row. Spaces belong to the field. The first row says how many fields a row has.
class CsvReader {
 public:
  // Both must outlive the reader.
  CsvReader(const SourceFile& file, Diagnostics& diagnostics);

  // The next good row, or null at the end. Valid until the next call. Rows that are not good are
  // reported on the way and left out: [wrong-field-count], [stray-quote], [unterminated-quote],
  // [control-character] (a tab is none). A text that is not UTF-8 [invalid-utf8] has no rows.
  const std::vector<CsvField>* next();

  SourceRange range(const CsvField& field) const { return {file_, field.begin, field.end}; }

 private:
  bool read_row();
  bool read_quoted();
  bool read_plain();
  bool check_control(std::size_t from, std::size_t to);
  bool check_count();
  bool at_line_end() const;
  void skip_line_break();
  void skip_rest_of_line();
  void report(std::size_t begin, std::size_t end, std::string_view code, std::string message,
              std::string help = {});

  struct Unescaped {
    std::size_t field;
    std::size_t begin;  // in `scratch_`
    std::size_t size;
  };

  const SourceFile* file_;
  std::string_view text_;
  Diagnostics* diagnostics_;
  std::size_t at_ = 0;
  std::size_t expected_ = 0;  // fields in a row; 0 before the first one
  std::vector<CsvField> fields_;
  std::string scratch_;  // texts of fields that had doubled quotes
  std::vector<Unescaped> unescaped_;
};

}  // namespace allocd
