#include "rulefile/simple_yaml.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "rulefile/tree_builder.h"

namespace allocd {
namespace {

// Far below what makes the general parser refuse a line or an item as too large.
constexpr std::size_t kLongPiece = 100'000;
constexpr std::size_t kLongKey = 1'000;  // the parser takes none of more than 1,024 bytes

// Thrown where the text is not simple.
struct Beyond {};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Sets are small: a call to search them takes longer.
bool is_one_of(char c, std::string_view set) {
  for (const char member : set)
    if (c == member) return true;
  return false;
}

bool is_null_word(std::string_view word) {
  return word == "null" || word == "Null" || word == "NULL";
}

// INVARIANT: the builder is told what yaml-cpp would tell it, event by event; where that is not
// certain, the reader throws Beyond.
class SimpleReader {
 public:
  SimpleReader(std::string_view text, TreeBuilder& builder) : text_(text), builder_(builder) {}

  void read() {
    to_content(0);
    if (text_.substr(at_).starts_with("---\n") && column_ == 0) to_content(at_ + 4);
    if (column_ != 0) throw Beyond{};
    block_map(0);
    if (column_ != kEnd) throw Beyond{};
  }

 private:
  static constexpr int kEnd = -1;  // the column where the text has ended: left of all others

  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }
  bool at_dash() const { return here() == '-' && next() == ' '; }
  bool at_quote() const { return here() == '"' || here() == '\''; }
  bool at_bracket() const { return here() == '{' || here() == '['; }
  void skip_blanks() {
    while (here() == ' ') ++at_;
  }

  // From the start of a line to the first word that is no comment.
  void to_content(std::size_t line) {
    for (at_ = line; at_ < text_.size(); line = ++at_) {
      skip_blanks();
      if (here() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ >= text_.size()) break;
      if (here() == '\n') continue;
      if (at_ - line > kLongPiece) throw Beyond{};
      column_ = static_cast<int>(at_ - line);
      return;
    }
    column_ = kEnd;
  }

  // Whether nothing but a comment is left in the line.
  bool line_is_over() {
    skip_blanks();
    if (at_ >= text_.size() || here() == '\n') return true;
    return here() == '#' && at_ > 0 && text_[at_ - 1] == ' ';
  }

  void to_next_line() {
    if (!line_is_over()) throw Beyond{};
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    if (end - at_ > kLongPiece) throw Beyond{};
    to_content(std::min(end + 1, text_.size()));
  }

  // Reads a text in quotes into `value_`.
  void quoted() {
    const std::size_t begin = at_;
    const char quote = here();
    const std::string_view stops = quote == '"' ? "\"\\\n" : "'\n";
    value_.clear();
    for (std::size_t from = ++at_;; from = at_) {
      while (at_ < text_.size() && !is_one_of(text_[at_], stops)) ++at_;
      if (at_ == text_.size() || here() == '\n' || at_ - begin > kLongPiece) throw Beyond{};
      value_.append(text_, from, at_ - from);
      if (here() == '\\' && next() != '\\' && next() != '"') throw Beyond{};
      if (here() == quote && (quote == '"' || next() != quote)) break;
      value_ += next();
      at_ += 2;
    }
    ++at_;
  }

  // Where the plain key here has its end, if the character behind it is a colon.
  std::size_t key_end() const {
    const auto fits = [](char c) { return is_letter_or_digit(c) || is_one_of(c, "_/$.-"); };
    std::size_t end = at_;
    if (is_one_of(here(), ".-")) return std::string_view::npos;
    while (end < text_.size() && fits(text_[end])) ++end;
    return end > at_ && end < text_.size() && text_[end] == ':' ? end : std::string_view::npos;
  }

  // Tells of the key here, and leaves its colon behind. Inside brackets none need follow a quote.
  void key(bool in_flow) {
    const std::size_t begin = at_;
    const bool quotes = at_quote();
    if (quotes) {
      quoted();
      if (here() != ':') throw Beyond{};
    } else {
      const std::size_t end = key_end();
      if (end == std::string_view::npos) throw Beyond{};
      value_.assign(text_, begin, end - begin);
      if (is_null_word(value_)) throw Beyond{};
      at_ = end;
    }
    if (at_ - begin > kLongKey) throw Beyond{};
    ++at_;
    if (!is_one_of(here(), " \n") && !(in_flow && quotes)) throw Beyond{};
    builder_.scalar(begin, quotes ? "!" : "?", 0, value_);
  }

  bool starts_key() {
    if (!at_quote()) return key_end() != std::string_view::npos && starts_value_behind(key_end());
    const std::size_t begin = at_;
    quoted();
    const bool colon = here() == ':';
    at_ = begin;
    return colon;
  }

  bool starts_value_behind(std::size_t colon) const {
    return colon + 1 < text_.size() && is_one_of(text_[colon + 1], " \n");
  }

  // A map whose first key is here. Ends at the first line that is not of it.
  void block_map(int column) {
    builder_.begin_map(at_, "?", 0, false);
    do {
      key(false);
      if (!line_is_over()) {
        value_in_line();
      } else {
        to_next_line();
        const bool list = at_dash() && column_ >= column;
        if (list)
          block_list(column_);
        else if (column_ > column)
          block_map(column_);
        else
          throw Beyond{};
      }
    } while (column_ == column);
    if (column_ > column) throw Beyond{};
    builder_.end();
  }

  // A list whose first dash is here.
  void block_list(int column) {
    builder_.begin_list(at_, "?", 0, false);
    do {
      const std::size_t dash = at_++;
      skip_blanks();
      if (at_dash()) throw Beyond{};
      if (starts_key())
        block_map(column + static_cast<int>(at_ - dash));
      else
        value_in_line();
      if (at_ - dash > kLongPiece) throw Beyond{};
    } while (column_ == column && at_dash());
    if (column_ > column) throw Beyond{};
    builder_.end();
  }

  void value_in_line() {
    const std::size_t begin = at_;
    if (at_bracket())
      flow();
    else
      scalar(false);
    if (at_ - begin > kLongPiece) throw Beyond{};
    to_next_line();
  }

  void scalar(bool in_flow) {
    const std::size_t begin = at_;
    if (at_quote()) {
      quoted();
      return builder_.scalar(begin, "!", 0, value_);
    }
    plain(in_flow);
    if (is_null_word(value_)) return builder_.null(begin, 0);
    builder_.scalar(begin, "?", 0, value_);
  }

  // Reads a text without quotes into `value_`.
  void plain(bool in_flow) {
    const char first = here() == '-' ? next() : here();
    if (!is_letter_or_digit(first) && !is_one_of(first, "_/$.(^+<=\\") &&
        static_cast<unsigned char>(first) < 0x80)
      throw Beyond{};
    const std::size_t begin = at_;
    std::size_t end = at_;  // without blanks
    for (; at_ < text_.size() && here() != '\n'; ++at_) {
      const char c = here();
      if (c == ' ') {
        if (next() == '#') break;
        continue;
      }
      if (c == ':' && (at_ + 1 == text_.size() || is_one_of(next(), in_flow ? " \n,[]{}" : " \n")))
        throw Beyond{};
      if (in_flow && is_one_of(c, ",]}")) break;
      if (in_flow && is_one_of(c, "[{?")) throw Beyond{};
      end = at_ + 1;
    }
    // Inside brackets it goes on in the next line, but for what ends it.
    if (in_flow && !is_one_of(here(), ",]}")) {
      const std::size_t below = text_.find_first_not_of(" \n", at_);
      if (here() != '\n' || below == std::string_view::npos || !is_one_of(text_[below], ",]}"))
        throw Beyond{};
    }
    value_.assign(text_, begin, end - begin);
    at_ = end;
  }

  // To the next word inside brackets, in this line or below.
  void skip_in_flow() {
    const bool over = line_is_over();
    if (at_ >= text_.size()) throw Beyond{};
    if (!over) return;
    to_next_line();
    if (column_ <= 0) throw Beyond{};
  }

  // A map or list in brackets.
  void flow() {
    const bool is_map = here() == '{';
    const char close = is_map ? '}' : ']';
    if (is_map)
      builder_.begin_map(at_, "?", 0, true);
    else
      builder_.begin_list(at_, "?", 0, true);
    ++at_;
    skip_in_flow();
    while (here() != close) {
      if (is_map) {
        key(true);
        skip_in_flow();
      }
      if (at_bracket())
        flow();
      else
        scalar(true);
      skip_in_flow();
      if (here() == close) break;
      if (here() != ',') throw Beyond{};
      ++at_;
      skip_in_flow();
      if (here() == close) throw Beyond{};
    }
    ++at_;
    builder_.end();
  }

  std::string_view text_;
  TreeBuilder& builder_;
  std::size_t at_ = 0;
  int column_ = 0;     // of the first word in the line that was last come to
  std::string value_;  // of the scalar at hand
};

}  // namespace

std::optional<LocatedValue> parse_simple_yaml(const SourceFile& file, const YamlLimits& limits) {
  const std::string_view text = file.text();
  for (const char c : {'\t', '\r'})
    if (text.find(c) != std::string_view::npos) return std::nullopt;
  Diagnostics mistakes;
  TreeBuilder builder(file, text, mistakes, limits);
  try {
    SimpleReader(text, builder).read();
  } catch (const Beyond&) {
    return std::nullopt;
  } catch (const TreeBuilder::Stop&) {
    return std::nullopt;
  }
  if (!mistakes.all().empty()) return std::nullopt;
  return builder.take();
}

}  // namespace allocd
