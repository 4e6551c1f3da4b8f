#include "rulefile/yaml_mistakes.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "diagnostics/utf8.h"

namespace allocd {
namespace {

constexpr std::string_view kSyntax = "yaml-syntax";

// One complaint, read against the text.
class Mistake {
 public:
  Mistake(const SourceFile& file, const ParserComplaint& complaint, Diagnostics& diagnostics)
      : file_(file), text_(file.text()), complaint_(complaint), diagnostics_(diagnostics) {
    at_ = std::min(complaint.offset, text_.size());
  }

  void report();

 private:
  bool says(std::string_view words) const { return complaint_.message.starts_with(words); }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  int line_of(std::size_t offset) const { return file_.position(file_.line_start(offset)).line; }
  std::string rest_of_line(std::size_t offset) const;
  // Long lines are not repeated whole: the line itself is shown below the message.
  static std::string brief(std::string_view words) { return '`' + printable(words, 60) + '`'; }
  std::size_t backslash() const;
  void error(Span place, std::string message, std::string help, std::string_view code = kSyntax);
  void error_here(std::string message, std::string help) { error({at_, at_ + 1}, message, help); }

  bool tab();
  bool escape();
  bool quote();
  bool star();
  bool bracket();
  bool reserved_character();
  bool two_of_a_kind();
  bool dash();
  bool colon();
  bool not_a_key();

  const SourceFile& file_;
  std::string_view text_;
  const ParserComplaint& complaint_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
};

// `words` as a YAML text in quotes.
std::string in_quotes(std::string_view words) {
  if (words.find_first_of("\"\\") == std::string_view::npos)
    return in_backticks('"' + std::string(words) + '"');
  std::string out = "'";
  for (const char c : words) out += c == '\'' ? std::string("''") : std::string(1, c);
  return in_backticks(out + '\'');
}

bool in_flow(std::string_view text, std::size_t offset, const ParserComplaint& complaint) {
  if (complaint.open_bracket) return true;
  // The parser reads ahead: a bracket may be open that it has not told of.
  const std::size_t start = text.find_last_of("\r\n", offset);
  std::size_t open = 0;
  for (std::size_t i = start == std::string_view::npos ? 0 : start + 1; i < offset; ++i) {
    if (text[i] == '[' || text[i] == '{') ++open;
    if ((text[i] == ']' || text[i] == '}') && open > 0) --open;
  }
  return open > 0;
}

void Mistake::error(Span place, std::string message, std::string help, std::string_view code) {
  const std::size_t begin = std::min(place.begin, text_.size());
  const std::size_t end = std::clamp(place.end, begin, text_.size());
  diagnostics_.error({&file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)},
                     code, std::move(message), std::move(help));
}

std::string Mistake::rest_of_line(std::size_t offset) const {
  return std::string(plain_words(text_, offset, in_flow(text_, offset, complaint_)));
}

std::size_t Mistake::backslash() const {
  const std::size_t from = at_ - std::min<std::size_t>(at_, 12);
  const std::size_t found = text_.substr(from, at_ - from).rfind('\\');
  return found == std::string_view::npos ? at_ : from + found;
}

bool Mistake::tab() {
  const std::size_t start = file_.line_start(at_);
  const std::string_view indent =
      text_.substr(start, text_.find_first_not_of(" \t-?", start) - start);
  const std::size_t found = indent.find('\t');
  if (found == std::string_view::npos) return false;
  const std::size_t end = std::min(indent.find_first_not_of('\t', found), indent.size());
  error({start + found, start + end}, "a tab in the indentation", "YAML indents with spaces only");
  return true;
}

bool Mistake::escape() {
  const std::size_t from = backslash();
  if (says("unknown escape character")) {
    const std::size_t length = std::max<std::size_t>(1, utf8_length(text_.substr(from + 1)));
    const std::string_view sequence = text_.substr(from, 1 + length);
    error({from, from + 1 + length},
          "unknown escape " + in_backticks(sequence) + " in a double-quoted text",
          "in single quotes a backslash stands for itself; in double quotes it is written `\\\\`");
    return true;
  }
  if (says("bad character found while scanning hex number")) {
    error({from, at_}, "too few hex digits in an escape",
          "`\\x` takes 2 digits, `\\u` 4, `\\U` 8; in single quotes a backslash stands for itself");
    return true;
  }
  if (says("invalid unicode")) {
    error({from, at_},
          "escape " + in_backticks(text_.substr(from, at_ - from)) + " is no character",
          "write the character itself, or `\\U` and its number in 8 digits");
    return true;
  }
  return false;
}

bool Mistake::quote() {
  if (says("illegal EOF in scalar") || says("illegal document indicator in scalar")) {
    // From what was understood on: the first quote that does not close before this place.
    std::size_t from = complaint_.read_up_to;
    while (from < at_) {
      const std::size_t open = text_.find_first_of("\"'", from);
      if (open >= at_) break;
      const bool begins_text =
          open == 0 ||
          std::string_view(" \t\r\n[{,:-?").find(text_[open - 1]) != std::string_view::npos;
      const std::size_t close = begins_text ? quoted_end(text_, open) : open + 1;
      if (close == std::string_view::npos || close > at_) {
        const bool at_end = says("illegal EOF in scalar");
        error({open, open + 1}, "this quote is never closed",
              "close it with " + in_backticks(text_.substr(open, 1)) + " where the text ends" +
                  (at_end ? "" : ", at the latest before line " + std::to_string(line_of(at_))),
              "unterminated-quote");
        return true;
      }
      from = close;
    }
    return false;
  }
  // A quote that was forgotten makes the text run on to the next quote, lines below.
  if (!complaint_.long_quote) return false;
  const Span swallowed = *complaint_.long_quote;
  if (at_ < swallowed.end || line_end(text_, swallowed.end) < at_) return false;
  error({swallowed.begin, swallowed.begin + 1},
        "the text in quotes that begins here ends in line " +
            std::to_string(line_of(swallowed.end)) + ", and more follows there",
        "is the closing " + in_backticks(text_.substr(swallowed.begin, 1)) + " missing in line " +
            std::to_string(line_of(swallowed.begin)) + "?",
        "unterminated-quote");
  return true;
}

bool Mistake::star() {
  const auto found = unquoted_star(text_, complaint_);
  if (!found) return false;
  const std::string words = rest_of_line(*found);
  const std::size_t name_end = std::min(text_.find_first_of(" \t\r\n,[]{}", *found), text_.size());
  const std::string_view name = text_.substr(*found + 1, name_end - *found - 1);
  error({*found, *found + words.size()},
        name.empty()
            ? "a text that begins with `*` wants quotes"
            : in_backticks("*" + std::string(name)) + " without quotes refers to an anchor " +
                  in_backticks("&" + std::string(name)) + ", and there is none before it",
        "to mean the text, quote it: " + in_quotes(words), "unknown-alias");
  return true;
}

bool Mistake::bracket() {
  if (says("illegal flow end")) {
    const std::string closing = in_backticks(std::string(1, here()));
    if (complaint_.open_bracket)
      error_here(closing + " where " + (here() == ']' ? "`}`" : "`]`") + " belongs, for the " +
                     in_backticks(text_.substr(*complaint_.open_bracket, 1)) + " in line " +
                     std::to_string(line_of(*complaint_.open_bracket)),
                 {});
    else
      error_here(closing + " closes nothing",
                 "a text that begins with " + closing + " wants quotes");
    return true;
  }
  if (!says("end of sequence flow not found") && !says("end of map flow not found")) return false;
  if (!complaint_.open_bracket) return false;
  const std::size_t open = *complaint_.open_bracket;
  const char close = text_[open] == '[' ? ']' : '}';
  const std::string closing = in_backticks(std::string(1, close));
  const std::size_t next = skip_space(text_, at_);
  if (next >= text_.size() || line_of(open) != line_of(at_)) {
    error({open, open + 1}, in_backticks(text_.substr(open, 1)) + " is not closed",
          next >= text_.size() ? "close it with " + closing
                               : "close it with " + closing + ", before what stands in line " +
                                     std::to_string(line_of(at_)));
    return true;
  }
  error_here("`,` or " + closing + " expected before " + brief(rest_of_line(next)),
             "a text that holds `,`, `: `, brackets or quotes wants quotes around it");
  return true;
}

bool Mistake::reserved_character() {
  std::size_t begin = at_;
  if (says("tag handle with no suffix") || says("illegal character found while scanning tag") ||
      says("end of verbatim tag")) {
    begin = text_.rfind('!', at_);
  } else if (says("anchor not found after &") ||
             says("illegal character found while scanning anchor")) {
    begin = text_.rfind('&', at_);
  } else if (says("unexpected character in block scalar") || says("cannot set zero indentation")) {
    begin = text_.find_last_of("|>", at_);
  } else if (!says("unknown token")) {
    return false;
  }
  if (begin >= text_.size()) return false;
  const std::string first(1, text_[begin]);
  if (first == "\"" || first == "'" || first == " ") return false;
  const std::string words = rest_of_line(begin);
  error({begin, begin + 1},
        "a text that begins with " + (first == "`" ? "a backtick" : in_backticks(first)) +
            " wants quotes",
        "quote it: " + in_quotes(words));
  return true;
}

bool Mistake::two_of_a_kind() {
  if (says("cannot assign multiple tags"))
    error_here("two tags before one value", "a text that begins with `!` wants quotes");
  else if (says("cannot assign multiple anchors"))
    error_here("two anchors before one value", "a text that begins with `&` wants quotes");
  else
    return false;
  return true;
}

bool Mistake::dash() {
  if (!says("illegal block entry")) return false;
  if (in_flow(text_, at_, complaint_))
    error_here("`- ` cannot stand inside brackets", "inside `[..]` items are separated by `,`");
  else
    error_here("a list cannot begin behind a key",
               "begin it on the next line, or write it in brackets; a text that begins with `-` "
               "wants quotes");
  return true;
}

bool Mistake::colon() {
  if (!says("illegal map value")) return false;
  const std::size_t line = file_.line_start(at_);
  // What the parser took for one text may have begun on a line before.
  const std::size_t before = line == 0 ? 0 : file_.line_start(line - 1);
  const std::size_t above = std::min(text_.find_first_not_of(" \t", before), text_.size());
  const std::string_view words = line == 0 ? std::string_view{} : plain_words(text_, above, false);
  const bool key_in_line = text_.substr(line, at_ - line).find(": ") != std::string_view::npos;
  if (line == 0 || key_in_line || words.empty() || words.starts_with('#')) {
    // `key: a: b`
    const std::size_t value = skip_space(text_, text_.find(": ", line) + 1);
    const std::string whole = rest_of_line(std::min(value, at_));
    const bool clear = key_in_line && value < at_ && whole.find_first_of("\"'") != 0;
    error_here("a second `:` in one line", clear ? "quote the value: " + in_quotes(whole)
                                                 : "a text that holds `: ` wants quotes");
    return true;
  }
  const std::size_t inner = words.find(": ");
  const std::string above_line = std::to_string(line_of(before));
  const std::size_t colon = words.find(':');
  const std::string_view item = words.starts_with("- ") ? words.substr(2) : words;
  if (inner != std::string_view::npos) {
    error({std::min(text_.find_first_not_of(" \t", line), at_), at_},
          "line is indented as if it belonged to the value in line " + above_line,
          "keys of one map begin in the same column");
  } else if (colon != std::string_view::npos && colon + 1 < words.size()) {
    error({above, above + words.size()}, "no space after the colon in " + brief(item),
          "write " + in_backticks(std::string(words.substr(0, colon)) + ": " +
                                  std::string(words.substr(colon + 1))));
  } else {
    error({above, above + words.size()}, brief(item) + " has no colon",
          "a key is followed by `:` and its value");
  }
  return true;
}

bool Mistake::not_a_key() {
  const bool in_list = says("end of sequence not found");
  if (!in_list && !says("end of map not found")) return false;
  const std::string words = rest_of_line(at_);
  const std::size_t line = file_.line_start(at_);
  const std::size_t previous = text_.find_last_not_of(" \t", at_ == 0 ? 0 : at_ - 1);
  const char before =
      previous == std::string_view::npos || previous < line || at_ == 0 ? '\0' : text_[previous];
  const Span place{at_, at_ + words.size()};
  if (before == '"' || before == '\'' || before == ']' || before == '}') {
    const bool in_single = before == '\'' && complaint_.read_up_to == previous + 1;
    error(place, brief(words) + " follows the closing " + in_backticks(std::string(1, before)),
          before == ']' || before == '}' ? "a text that begins with a bracket wants quotes"
          : in_single                    ? "inside single quotes, a `'` is written `''`"
                                         : "inside double quotes, a `\"` is written `\\\"`");
    return true;
  }
  if (before == '\0' && in_list) {
    error(place, "a list item begins with `- `, and " + brief(words) + " does not",
          "indent it deeper if it belongs to the item above, less if to the key of the list");
    return true;
  }
  if (before == '\0' && words.starts_with("- ")) {
    error(place, "a list item where a key belongs", "check the indentation of this line");
    return true;
  }
  const std::size_t colon = words.find(':');
  if (before == '\0' && colon != std::string::npos && words.find(": ") == std::string::npos &&
      colon + 1 < words.size()) {
    error(place, "no space after the colon in " + brief(words),
          "write " + in_backticks(words.substr(0, colon) + ": " + words.substr(colon + 1)));
    return true;
  }
  if (colon != std::string::npos) {
    error(place, "the indentation of " + brief(words) + " fits no line above",
          "keys of one map begin in the same column");
    return true;
  }
  error(place, brief(words) + " has no colon", "a key is followed by `:` and its value");
  return true;
}

void Mistake::report() {
  if (says("bad file"))
    return error({at_, at_ + 1}, "lists and maps are nested too deep", {}, "too-deep");
  if (says("illegal tab") && tab()) return;
  if (escape() || quote() || star()) return;
  const bool structural = says("illegal map") || says("end of map not") || says("end of seq");
  if (structural && tab()) return;
  if (bracket() || reserved_character() || two_of_a_kind() || dash() || colon() || not_a_key())
    return;
  std::string message(complaint_.message);
  if (!message.empty() &&
      !(message.size() > 1 && std::isupper(static_cast<unsigned char>(message[1]))))
    message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  error_here(printable(message), {});
}

}  // namespace

std::optional<std::size_t> unquoted_star(std::string_view text, const ParserComplaint& complaint) {
  const bool unknown = complaint.message.starts_with("the referenced anchor is not defined");
  const bool scanned =
      complaint.message.starts_with("alias not found after *") ||
      complaint.message.starts_with("illegal character found while scanning alias");
  if (!unknown && !scanned) return std::nullopt;
  const std::size_t found = text.rfind('*', unknown ? complaint.offset : complaint.offset - 1);
  if (found == std::string_view::npos) return std::nullopt;
  // `**-hub`: the first star is the one that was taken for an alias.
  std::size_t first = found;
  while (first > 0 && text[first - 1] == '*' && !unknown) --first;
  return first;
}

void report_yaml_mistake(const SourceFile& file, const ParserComplaint& complaint,
                         Diagnostics& diagnostics) {
  Mistake(file, complaint, diagnostics).report();
}

}  // namespace allocd
