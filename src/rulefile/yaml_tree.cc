#include "rulefile/yaml_tree.h"

#include <algorithm>
#include <istream>
#include <streambuf>
#include <string>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "diagnostics/utf8.h"
#include "rulefile/simple_yaml.h"
#include "rulefile/tree_builder.h"
#include "rulefile/yaml_lexeme.h"
#include "rulefile/yaml_mistakes.h"

namespace allocd {
namespace {

// yaml-cpp scans a list item to its end before it tells of its beginning, and keeps some 200 bytes
// for each token of it, however deep: these bound what it may gather for one event. Honest files
// are far below, as their list items are rules or rows.
constexpr std::size_t kMostTokensAhead = 500'000;
constexpr long kMostBracketsAhead = 4'096;
// How many unquoted `*` one load reports: each costs parsing the file again.
constexpr std::size_t kMostRounds = 50;
constexpr std::size_t kMostBytesAgain = std::size_t{16} << 20U;

struct ReadAhead {
  std::size_t tokens = 0;
  long brackets = 0;  // opened and not closed
  bool in_comment = false;
  bool exceeded = false;
};

// Feeds the parser in small pieces, and stops when it reads too far ahead of its events.
class WatchedText : public std::streambuf {
 public:
  WatchedText(std::string_view head, std::string_view text, ReadAhead& ahead)
      : head_(head), text_(text), ahead_(&ahead) {}

 protected:
  int_type underflow() override {
    std::string_view& from = head_.empty() ? text_ : head_;
    const std::string_view piece = from.substr(0, kPiece);
    from.remove_prefix(piece.size());
    watch(piece);
    if (piece.empty() || ahead_->exceeded) return traits_type::eof();
    // streambuf takes pointers to non-const characters, and never writes through them here.
    char* const begin = const_cast<char*>(piece.data());
    setg(begin, begin, begin + piece.size());
    return traits_type::to_int_type(*begin);
  }

 private:
  static constexpr std::size_t kPiece = 2048;

  void watch(std::string_view piece) {
    for (const char c : piece) {
      if (c == '\n') {
        line_began_ = true;
        ahead_->in_comment = false;
      } else if (line_began_ && c != ' ' && c != '\t') {
        ahead_->in_comment = c == '#';
        line_began_ = false;
      }
      if (ahead_->in_comment) continue;
      if (c == '[' || c == '{') ++ahead_->brackets;
      if (c == ']' || c == '}') --ahead_->brackets;
      if (c == '[' || c == '{' || c == ',' || c == ':' || c == '"' || c == '!' || c == '&')
        ++ahead_->tokens;
    }
    ahead_->exceeded = ahead_->tokens > kMostTokensAhead || ahead_->brackets > kMostBracketsAhead;
  }

  std::string_view head_;
  std::string_view text_;
  ReadAhead* ahead_;
  bool line_began_ = true;
};

// yaml-cpp reads the escapes `\N` and `\_` as one byte of Latin-1, 0x85 and 0xA0. What else there
// is in `value` was UTF-8 in the file.
std::string as_utf8(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const std::size_t good = std::min(first_invalid_utf8(value), value.size());
    out += value.substr(0, good);
    value.remove_prefix(good);
    if (value.empty()) break;
    out += '\xC2';
    out += value.front();
    value.remove_prefix(1);
  }
  return out;
}

// Hands yaml-cpp's events on, with offsets into the text.
class Events : public YAML::EventHandler {
 public:
  // `shift` is what must be added to the parser's offsets.
  Events(TreeBuilder& builder, ReadAhead& ahead, std::ptrdiff_t shift, std::size_t size)
      : builder_(builder), ahead_(ahead), shift_(shift), size_(size) {}

  std::size_t documents() const { return documents_; }
  std::size_t document_mark() const { return document_mark_; }
  std::size_t offset(const YAML::Mark& mark) const {
    const std::ptrdiff_t at = std::ptrdiff_t{mark.pos} + shift_;
    return std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(at, 0)), size_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    document_mark_ = offset(mark);
    // One document is all that a file may hold: what is in a second one does not matter.
    if (++documents_ > 1) throw TreeBuilder::Stop{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    caught_up();
    builder_.null(offset(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    caught_up();
    builder_.alias(offset(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    caught_up();
    const bool whole = first_invalid_utf8(value) == std::string_view::npos;
    whole ? builder_.scalar(offset(mark), tag, anchor, value)
          : builder_.scalar(offset(mark), tag, anchor, as_utf8(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    caught_up();
    builder_.begin_list(offset(mark), tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnSequenceEnd() override { builder_.end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    caught_up();
    builder_.begin_map(offset(mark), tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnMapEnd() override { builder_.end(); }

 private:
  void caught_up() {
    ahead_.tokens = 0;
    ahead_.brackets = 0;
  }

  TreeBuilder& builder_;
  ReadAhead& ahead_;
  std::ptrdiff_t shift_;
  std::size_t size_;
  std::size_t documents_ = 0;
  std::size_t document_mark_ = 0;
};

SourceRange at(const SourceFile& file, std::size_t begin, std::size_t length = 1) {
  const std::size_t end = std::min(begin + length, file.text().size());
  return {&file, static_cast<std::uint32_t>(std::min(begin, end)), static_cast<std::uint32_t>(end)};
}

// What no YAML file may hold, and the parser would take or misunderstand without a word.
bool is_yaml_text(const SourceFile& file, Diagnostics& diagnostics) {
  const std::string_view text = file.text();
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    diagnostics.error(at(file, 0), "invalid-utf8", "the file is UTF-16, not UTF-8",
                      "save it as UTF-8");
    return false;
  }
  if (text.size() > 0x7FFF'0000U) {  // the parser's offsets are ints
    diagnostics.error(at(file, 0), "yaml-syntax", "the file is larger than 2 GB");
    return false;
  }
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string_view::npos) {
    diagnostics.error(at(file, bad), "invalid-utf8", "not UTF-8 from this byte on",
                      "save the file as UTF-8");
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7F) continue;
    if (c == 0xC2 && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[i + 1]);
      if (next >= 0xA0 || next == 0x85) continue;
    } else if ((c >= 0x20 && c != 0x7F) || c == '\t' || c == '\n' || c == '\r') {
      continue;
    }
    diagnostics.error(at(file, i, c == 0xC2 ? 2 : 1), "control-character",
                      "control character " + in_backticks(text.substr(i, c == 0xC2 ? 2 : 1)),
                      "in double quotes it can be written as an escape, `\\x07` for example");
    return false;
  }
  return true;
}

// A lone carriage return ends a line, which the parser does not see.
std::string with_line_feeds(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i] == '\r' && (i + 1 == out.size() || out[i + 1] != '\n')) out[i] = '\n';
  return out;
}

void report_second_document(const SourceFile& file, std::size_t mark, Diagnostics& diagnostics) {
  const std::string_view text = file.text();
  const std::size_t end = text.substr(0, mark).find_last_not_of(" \t\r\n");
  const bool marked =
      text.substr(mark).starts_with("---") ||
      (end != std::string_view::npos && end >= 2 && text.substr(end - 2, 3) == "...");
  const std::string_view words = plain_words(text, mark, false);
  const SourceRange place = at(file, mark, words.size());
  if (marked)
    diagnostics.error(place, "multiple-documents", "a second document begins here",
                      "a file holds one document; put the second into a file of its own");
  else if (words.starts_with(':'))
    diagnostics.error(place, "yaml-syntax", "no space after the colon",
                      "write `: ` between a key and its value");
  else if (words.starts_with('-') && words.size() > 1 && words[1] != ' ')
    diagnostics.error(place, "yaml-syntax", "no space after the dash",
                      "a list item begins with `- `");
  else
    diagnostics.error(place, "yaml-syntax",
                      '`' + printable(words, 60) + "` does not belong to what is above",
                      "check the indentation: keys of one map begin in the same column");
}

struct Round {
  std::optional<LocatedValue> tree;
  std::optional<std::size_t> star;  // an unquoted `*` that stopped the parser
};

Round parse_once(const SourceFile& file, std::string_view text, Diagnostics& diagnostics,
                 const YamlLimits& limits) {
  // A document that is one big `{..}` or `[..]`, as in JSON, is read item by item only where the
  // parser knows that it is no key; behind `--- ` it does.
  const std::size_t start = skip_space(text, 0);
  const bool bracketed = start < text.size() && (text[start] == '{' || text[start] == '[');
  const std::string_view head = bracketed ? "--- " : "";
  const std::string_view body = bracketed ? text.substr(start) : text;
  const auto shift =
      static_cast<std::ptrdiff_t>(bracketed ? start : 0) - static_cast<std::ptrdiff_t>(head.size());

  ReadAhead ahead;
  TreeBuilder builder(file, text, diagnostics, limits);
  Events events(builder, ahead, shift, text.size());
  try {
    WatchedText buffer(head, body, ahead);
    std::istream in(&buffer);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(events)) {}
    if (!ahead.exceeded) return {builder.take(), std::nullopt};
  } catch (const TreeBuilder::Stop&) {
    if (events.documents() > 1) report_second_document(file, events.document_mark(), diagnostics);
    return {};
  } catch (const YAML::Exception& e) {
    if (!ahead.exceeded) {
      const ParserComplaint complaint{e.msg, events.offset(e.mark), builder.cursor(),
                                      builder.open_bracket(), builder.last_long_quote()};
      const auto star = unquoted_star(text, complaint);
      report_yaml_mistake(file, complaint, diagnostics);
      return {std::nullopt, star};
    }
  }
  if (ahead.brackets > kMostBracketsAhead)
    diagnostics.error(
        at(file, builder.cursor()), "too-deep",
        "lists and maps are nested more than " + std::to_string(limits.depth) + " deep");
  else
    diagnostics.error(at(file, builder.cursor()), "too-large",
                      "the list item that begins here has more than " +
                          std::to_string(kMostTokensAhead) + " parts");
  return {};
}

}  // namespace

std::optional<LocatedValue> parse_yaml(const SourceFile& file, Diagnostics& diagnostics,
                                       const YamlLimits& limits) {
  if (!is_yaml_text(file, diagnostics)) return std::nullopt;
  if (auto tree = parse_simple_yaml(file, limits)) return tree;
  return parse_full_yaml(file, diagnostics, limits);
}

std::optional<LocatedValue> parse_full_yaml(const SourceFile& file, Diagnostics& diagnostics,
                                            const YamlLimits& limits) {
  std::string changed;
  std::string_view text = file.text();
  if (text.find('\r') != std::string_view::npos) text = changed = with_line_feeds(text);

  // A hub pattern without quotes, `hub: *-eu-*`, stops the parser at the first. To show an author
  // all of them at once, it is taken for a text and the file is parsed again.
  Diagnostics stars;
  for (std::size_t round = 1;; ++round) {
    Diagnostics found;
    Round result = parse_once(file, text, found, limits);
    const bool again = result.star && round < kMostRounds && round * text.size() < kMostBytesAgain;
    if (again) {
      stars.add(found.all().back());
      if (changed.empty()) changed = std::string(text);
      changed[*result.star] = 'x';
      text = changed;
      continue;
    }
    if (stars.has_errors()) result.tree.reset();
    diagnostics.append(std::move(stars));
    diagnostics.append(std::move(found));
    return std::move(result.tree);
  }
}

}  // namespace allocd
