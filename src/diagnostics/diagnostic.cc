#include "diagnostics/diagnostic.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

#include "diagnostics/utf8.h"

namespace allocd {
namespace {

constexpr std::size_t kWidestSnippet = 160;  // characters; longer lines are shown around the caret

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

int count_characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), starts_character));
}

struct Piece {
  std::string_view text;
  std::size_t offset = 0;
};

// A line, or the part of it around `at` that messages may show: a file of one line must not be
// copied into each of its messages.
Piece near_place(std::string_view line, std::size_t at) {
  constexpr std::size_t kLongLine = 2000, kBefore = 400, kAfter = 1200;  // bytes
  if (line.size() <= kLongLine) return {line, 0};
  std::size_t begin = at - std::min(at, kBefore);
  while (begin > 0 && begin < line.size() && !starts_character(line[begin])) --begin;
  std::size_t end = std::min(line.size(), at + kAfter);
  while (end < line.size() && !starts_character(line[end])) ++end;
  begin = std::min(begin, line.size());
  return {line.substr(begin, end - begin), begin};
}

// The characters of a line, one entry each; a broken sequence is an entry for each byte run.
std::vector<std::string_view> characters_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i + 1;
    while (end < line.size() && !starts_character(line[end])) ++end;
    out.push_back(line.substr(i, end - i));
    i = end;
  }
  return out;
}

// U+0080..U+009F, and the marks that turn the reading direction round (U+202A..U+202E,
// U+2066..U+2069): they could make a terminal show something else than what is there.
bool drives_a_terminal(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (sequence.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (sequence.size() != 3 || byte(0) != 0xE2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE) ||
         (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escaped;
    }
  }
}

// What stands in place of a character of the snippet: one column, harmless, tabs kept.
std::string_view shown(std::string_view character) {
  if (character == "\t") return character;
  if (utf8_length(character) != character.size() || drives_a_terminal(character))
    return "\xEF\xBF\xBD";
  return character;
}

struct Colours {
  std::string_view bold = "", error = "", warning = "", caret = "", reset = "";
};

constexpr Colours kNoColours;
constexpr Colours kAnsi = {"\x1b[1m", "\x1b[1;31m", "\x1b[1;35m", "\x1b[1;32m", "\x1b[0m"};

}  // namespace

std::string_view severity_name(Severity severity) {
  return severity == Severity::Error ? "error" : "warning";
}

void Diagnostics::error(const SourceRange& where, std::string_view code, std::string message,
                        std::string help) {
  if (all_.size() >= kMaxKept) {  // finding the place takes time, on a long line much
    ++errors_;
    ++dropped_;
    return;
  }
  Diagnostic d;
  d.severity = Severity::Error;
  d.code = code;
  d.message = std::move(message);
  d.help = std::move(help);
  if (where.file != nullptr) {
    const Position at = where.file->position(where.begin);
    const std::string_view line = where.file->line(at.line);
    const std::size_t line_begin = where.file->line_start(where.begin);
    const std::size_t line_end = line_begin + line.size();
    const std::size_t end = std::min<std::size_t>(where.end, line_end);
    d.file = where.file->path();
    d.line = at.line;
    d.column = at.column;
    d.length = end > where.begin ? std::max(1, count_characters(where.file->text().substr(
                                                   where.begin, end - where.begin)))
                                 : 1;
    const Piece shown = near_place(line, where.begin - line_begin);
    d.snippet = shown.text;
    d.snippet_from = count_characters(line.substr(0, shown.offset));
  }
  add(std::move(d));
}

void Diagnostics::warning(const SourceRange& where, std::string_view code, std::string message,
                          std::string help) {
  const std::size_t before = all_.size();
  error(where, code, std::move(message), std::move(help));
  --errors_;
  ++warnings_;
  if (all_.size() > before) all_.back().severity = Severity::Warning;
}

void Diagnostics::file_error(std::string file, std::string_view code, std::string message,
                             std::string help) {
  add({.severity = Severity::Error,
       .code = std::string(code),
       .message = std::move(message),
       .help = std::move(help),
       .file = std::move(file)});
}

void Diagnostics::file_warning(std::string file, std::string_view code, std::string message,
                               std::string help) {
  add({.severity = Severity::Warning,
       .code = std::string(code),
       .message = std::move(message),
       .help = std::move(help),
       .file = std::move(file)});
}

void Diagnostics::add(Diagnostic diagnostic) {
  ++(diagnostic.severity == Severity::Error ? errors_ : warnings_);
  if (all_.size() < kMaxKept) {
    all_.push_back(std::move(diagnostic));
  } else {
    ++dropped_;
  }
}

void Diagnostics::append(Diagnostics other) {
  const std::size_t dropped = other.dropped_;
  const std::size_t kept_errors = static_cast<std::size_t>(
      std::count_if(other.all_.begin(), other.all_.end(),
                    [](const Diagnostic& d) { return d.severity == Severity::Error; }));
  const std::size_t lost_errors = other.errors_ - kept_errors;
  for (Diagnostic& d : other.all_) add(std::move(d));
  errors_ += lost_errors;
  warnings_ += dropped - lost_errors;
  dropped_ += dropped;
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::map<std::string, std::size_t> file_order;
  for (const Diagnostic& d : all_) file_order.emplace(d.file, file_order.size());
  std::vector<Diagnostic> out = all_;
  std::stable_sort(out.begin(), out.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    const auto key = [&](const Diagnostic& d) {
      return std::tuple(file_order.at(d.file), d.line, d.column);
    };
    return key(a) < key(b);
  });
  return out;
}

std::string render(const Diagnostic& d, bool colour) {
  const Colours& c = colour ? kAnsi : kNoColours;
  std::string out;
  out += c.bold;
  if (!d.file.empty()) {
    out += printable(d.file, 4096);
    if (d.line > 0) out += ':' + std::to_string(d.line) + ':' + std::to_string(d.column);
    out += ": ";
  }
  out += d.severity == Severity::Error ? c.error : c.warning;
  out += severity_name(d.severity);
  out += ": ";
  out += c.reset;
  out += d.message;
  out += " [" + d.code + "]\n";
  // A line that is left out has no place to point at.
  if (d.line > 0 && (!d.snippet.empty() || d.column == 1)) {
    const auto characters = characters_of(d.snippet);
    const bool cut = d.snippet_from > 0;
    const std::size_t caret = static_cast<std::size_t>(std::max(0, d.column - 1 - d.snippet_from));
    std::size_t from = 0;
    if (characters.size() > kWidestSnippet && caret > kWidestSnippet / 2)
      from = std::min(caret - kWidestSnippet / 2, characters.size() - 1);
    const std::size_t to = std::min(characters.size(), from + kWidestSnippet);
    std::string text = cut || from > 0 ? "…" : "";
    std::string under = cut || from > 0 ? " " : "";
    for (std::size_t i = from; i < to; ++i) {
      text += shown(characters[i]);
      if (i < caret) under += characters[i] == "\t" ? '\t' : ' ';
    }
    if (to < characters.size()) text += "…";
    for (std::size_t i = characters.size(); i < caret; ++i) under += ' ';
    const std::size_t room = std::max<std::size_t>(1, to > caret ? to - caret : 1);
    const std::size_t length = std::clamp<std::size_t>(static_cast<std::size_t>(d.length), 1, room);
    char number[16];
    std::snprintf(number, sizeof number, "%5d", d.line);
    out += number;
    out += " | " + text + "\n      | " + under;
    out += c.caret;
    out += '^' + std::string(length - 1, '~');
    out += c.reset;
    out += '\n';
  }
  if (!d.help.empty()) out += "      = help: " + d.help + '\n';
  return out;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    if (out.size() + sequence.size() > max_bytes) return out + "…";
    if (length == 0 || drives_a_terminal(sequence)) {
      append_escaped(out, sequence);
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string in_backticks(std::string_view text) { return '`' + printable(text) + '`'; }

}  // namespace allocd
