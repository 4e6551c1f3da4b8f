#include "rulefile/csv.h"

#include <algorithm>
#include <array>
#include <utility>

#include "diagnostics/utf8.h"

namespace allocd {
namespace {

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7F;
}

// Characters at which reading a field without quotes must look closer.
constexpr auto kStops = [] {
  std::array<bool, 256> stops{};
  for (std::size_t c = 0; c < 0x20; ++c) stops[c] = c != '\t';
  for (const char c : {',', '"', '\x7F'}) stops[static_cast<unsigned char>(c)] = true;
  return stops;
}();

}  // namespace

CsvReader::CsvReader(const SourceFile& file, Diagnostics& diagnostics)
    : file_(&file), text_(file.text()), diagnostics_(&diagnostics) {
  const std::size_t bad = first_invalid_utf8(text_);
  if (bad == std::string_view::npos) return;
  report(bad, bad + 1, "invalid-utf8", "the file is not UTF-8 here",
         "save it as UTF-8; what a spreadsheet calls CSV may be in another encoding");
  at_ = text_.size();
}

const std::vector<CsvField>* CsvReader::next() {
  for (;;) {
    while (at_ < text_.size() && at_line_end()) skip_line_break();
    if (at_ == text_.size()) return nullptr;
    const bool good = read_row();
    // Without its header a file says nothing.
    if (!good && expected_ == 0) at_ = text_.size();
    skip_line_break();
    if (good && check_count()) return &fields_;
  }
}

// Up to the line break behind it, or the end. False where it was reported.
bool CsvReader::read_row() {
  fields_.clear();
  scratch_.clear();
  unescaped_.clear();
  for (;;) {
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (!(quoted ? read_quoted() : read_plain())) {
      skip_rest_of_line();
      return false;
    }
    if (at_ == text_.size() || at_line_end()) break;
    ++at_;  // the comma
  }
  for (const Unescaped& u : unescaped_)
    fields_[u.field].text = std::string_view(scratch_).substr(u.begin, u.size);
  return true;
}

bool CsvReader::read_plain() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && !kStops[static_cast<unsigned char>(text_[at_])]) ++at_;
  if (at_ < text_.size() && text_[at_] == '"') {
    report(at_, at_ + 1, "stray-quote", "a quote inside a field that does not begin with one",
           "put the whole field in quotes, and write each quote inside it twice");
    return false;
  }
  if (at_ < text_.size() && is_control(text_[at_])) return check_control(at_, at_ + 1);
  fields_.push_back({text_.substr(begin, at_ - begin), static_cast<std::uint32_t>(begin),
                     static_cast<std::uint32_t>(at_)});
  return true;
}

bool CsvReader::read_quoted() {
  const std::size_t open = at_;
  std::size_t from = open + 1;
  const std::size_t scratch_begin = scratch_.size();
  bool doubled = false;
  std::size_t close = 0;
  for (;;) {
    close = text_.find('"', from);
    if (close == std::string_view::npos) {
      report(open, open + 1, "unterminated-quote", "this quote is never closed",
             "a quote inside a quoted field is written twice");
      at_ = text_.size();
      return false;
    }
    if (close + 1 == text_.size() || text_[close + 1] != '"') break;
    doubled = true;
    scratch_ += text_.substr(from, close + 1 - from);
    from = close + 2;
  }
  at_ = close + 1;
  if (!check_control(open, close)) return false;
  if (at_ < text_.size() && text_[at_] != ',' && !at_line_end()) {
    report(close, close + 1, "stray-quote", "a field ends at this quote, but the line goes on",
           "a comma must follow; a quote inside a quoted field is written twice");
    return false;
  }
  if (doubled) {
    scratch_ += text_.substr(from, close - from);
    unescaped_.push_back({fields_.size(), scratch_begin, scratch_.size() - scratch_begin});
  }
  fields_.push_back({text_.substr(open + 1, close - open - 1), static_cast<std::uint32_t>(open),
                     static_cast<std::uint32_t>(at_)});
  return true;
}

bool CsvReader::check_control(std::size_t from, std::size_t to) {
  const std::string_view piece = text_.substr(from, to - from);
  const auto found = std::find_if(piece.begin(), piece.end(), is_control);
  if (found == piece.end()) return true;
  const std::size_t bad = from + static_cast<std::size_t>(found - piece.begin());
  report(bad, bad + 1, "control-character",
         "control character " + in_backticks(text_.substr(bad, 1)) + " in a field");
  return false;
}

bool CsvReader::check_count() {
  if (expected_ == 0) expected_ = fields_.size();
  if (fields_.size() == expected_) return true;
  const auto count = [](std::size_t n) {
    return std::to_string(n) + (n == 1 ? " field" : " fields");
  };
  report(fields_.front().begin, fields_.back().end, "wrong-field-count",
         "this row has " + count(fields_.size()) + ", the header has " + count(expected_),
         fields_.size() > expected_ ? "a field with a comma in it stands in quotes" : "");
  return false;
}

bool CsvReader::at_line_end() const { return text_[at_] == '\n' || text_[at_] == '\r'; }

void CsvReader::skip_line_break() {
  if (text_.substr(at_).starts_with("\r\n")) {
    at_ += 2;
  } else if (at_ < text_.size()) {
    ++at_;
  }
}

void CsvReader::skip_rest_of_line() {
  at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
}

void CsvReader::report(std::size_t begin, std::size_t end, std::string_view code,
                       std::string message, std::string help) {
  diagnostics_->error({file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)},
                      code, std::move(message), std::move(help));
}

}  // namespace allocd
