#include "analysis/regex_syntax.h"

#include <cctype>
#include <optional>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

using Ascii = std::bitset<128>;

constexpr int kMaxDepth = 100;
constexpr int kMaxRepeat = 1000;  // RE2's own

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 128; }
std::size_t code_of(char c) { return static_cast<unsigned char>(c); }

Ascii range(char low, char high) {
  Ascii out;
  for (std::size_t i = code_of(low); i <= code_of(high); ++i) out.set(i);
  return out;
}

Ascii one(char c) { return range(c, c); }

Ascii folded(Ascii set) {
  for (char c = 'a'; c <= 'z'; ++c) {
    const bool either = set[code_of(c)] || set[code_of(upper(c))];
    set[code_of(c)] = set[code_of(upper(c))] = either;
  }
  return set;
}

RegexTree symbols(const Ascii& set) {
  RegexTree out{.kind = RegexTree::Kind::Symbols};
  for (std::size_t i = 0; i < kIdSymbols.size(); ++i) out.symbols[i] = set[code_of(kIdSymbols[i])];
  return out;
}

bool has_anchor(const RegexTree& tree) {
  if (tree.kind == RegexTree::Kind::Begin || tree.kind == RegexTree::Kind::End) return true;
  for (const RegexTree& part : tree.parts)
    if (has_anchor(part)) return true;
  return false;
}

// `\d` and its like; nothing for another letter.
std::optional<Ascii> perl_class(char letter) {
  switch (letter) {
    case 'd': return range('0', '9');
    case 'D': return ~range('0', '9');
    case 's': return one('\t') | one('\n') | one('\f') | one('\r') | one(' ');
    case 'S': return ~*perl_class('s');
    case 'w': return range('0', '9') | range('A', 'Z') | range('a', 'z') | one('_');
    case 'W': return ~*perl_class('w');
    default: return std::nullopt;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

// Reads from front to back. The first thing that it does not know ends it.
class Parser {
 public:
  Parser(std::string_view pattern, bool ignore_case) : text_(pattern), fold_(ignore_case) {}

  std::variant<RegexTree, NotAnalysed> parse() {
    RegexTree tree = alternatives(0);
    if (!failed() && !text_.empty()) unknown(text_.substr(0, 1));
    if (failed()) return NotAnalysed{std::move(reason_)};
    return tree;
  }

 private:
  bool failed() const { return !reason_.empty(); }
  void unknown(std::string_view what) {
    if (!failed()) reason_ = "the pattern has " + in_backticks(what);
  }
  bool at(char c) const { return !text_.empty() && text_[0] == c; }
  bool take(char c) {
    if (!at(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  char next() {
    const char c = text_[0];
    text_.remove_prefix(1);
    return c;
  }

  RegexTree alternatives(int depth) {
    RegexTree out{.kind = RegexTree::Kind::Any};
    if (depth > kMaxDepth) reason_ = "the pattern is nested too deep";
    while (!failed()) {
      out.parts.push_back(sequence(depth));
      if (!take('|')) break;
    }
    if (out.parts.size() == 1) return RegexTree(std::move(out.parts[0]));
    return out;
  }

  RegexTree sequence(int depth) {
    RegexTree out{.kind = RegexTree::Kind::All};
    while (!failed() && !text_.empty() && !at('|') && !at(')')) {
      std::optional<RegexTree> piece = atom(depth);
      if (failed()) break;
      if (piece) {
        out.parts.push_back(repeated(*std::move(piece)));
      } else if (at('*') || at('+') || at('?') || at('{')) {
        unknown(text_.substr(0, 1));  // right behind `(?i)`
      }
    }
    return out;
  }

  // One thing that may be repeated; nothing where it was `(?i)`, which matches nothing itself.
  std::optional<RegexTree> atom(int depth) {
    const char c = next();
    switch (c) {
      case '(': return group(depth);
      case '[': return character_class();
      case '\\': return escape();
      case '.': return symbols(~one('\n'));
      case '^': return RegexTree{.kind = RegexTree::Kind::Begin};
      case '$': return RegexTree{.kind = RegexTree::Kind::End};
      case '*':
      case '+':
      case '?': unknown(std::string(1, c)); return std::nullopt;
      default: return literal(c);
    }
  }

  std::optional<RegexTree> literal(char c) {
    if (!is_ascii(c)) {
      reason_ = "the pattern has letters beyond ASCII";
      return std::nullopt;
    }
    return symbols(fold_ ? folded(one(c)) : one(c));
  }

  std::optional<RegexTree> group(int depth) {
    const bool fold_outside = fold_;
    if (take('?')) {
      if (at('P') || at('<')) {
        const std::size_t end = text_.find('>');
        if (end == std::string_view::npos || (at('P') && !text_.starts_with("P<"))) {
          unknown("(?" + std::string(text_.substr(0, 2)));
          return std::nullopt;
        }
        text_.remove_prefix(end + 1);
      } else if (!flags()) {
        return std::nullopt;
      } else if (take(')')) {
        return std::nullopt;  // holds to the end of the group around it
      } else {
        take(':');
      }
    }
    RegexTree inside = alternatives(depth + 1);
    if (!failed() && !take(')')) reason_ = "the pattern has a group without end";
    fold_ = fold_outside;
    return inside;
  }

  // The `i-s` of `(?i-s)` and `(?i-s:…)`, up to what ends it. Lines and greed make no difference
  // to what is matched: an ID has no line break.
  bool flags() {
    bool on = true;
    bool any = false;
    bool minus = false;
    while (!text_.empty() && !at(':') && !at(')')) {
      const char c = next();
      if (c == '-' && !minus) {
        minus = true;
        on = any = false;
        continue;
      }
      if (c == 'i') fold_ = on;
      if (c != 'i' && c != 'm' && c != 's' && c != 'U') {
        unknown("(?" + std::string(1, c));
        return false;
      }
      any = true;
    }
    if (text_.empty() || (!any && (minus || at(')')))) unknown("(?");
    return !failed();
  }

  // The letter that an escape stands for; nothing where it is another kind of escape.
  std::optional<char> escaped_letter(char c) {
    switch (c) {
      case 'a': return '\a';
      case 'f': return '\f';
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'v': return '\v';
      case 'x': {
        const int high = text_.size() >= 2 ? hex_digit(text_[0]) : -1;
        const int low = text_.size() >= 2 ? hex_digit(text_[1]) : -1;
        if (high < 0 || low < 0 || high > 7) return std::nullopt;
        text_.remove_prefix(2);
        return static_cast<char>(high * 16 + low);
      }
      default: break;
    }
    if (is_ascii(c) && std::ispunct(static_cast<unsigned char>(c)) != 0 && c != '_') return c;
    return std::nullopt;
  }

  std::optional<RegexTree> escape() {
    if (text_.empty()) {
      unknown("\\");
      return std::nullopt;
    }
    const char c = next();
    if (c == 'A') return RegexTree{.kind = RegexTree::Kind::Begin};
    if (c == 'z') return RegexTree{.kind = RegexTree::Kind::End};
    if (const auto set = perl_class(c)) return symbols(*set);
    if (const auto letter = escaped_letter(c)) return literal(*letter);
    unknown(std::string("\\") + c);
    return std::nullopt;
  }

  // One letter inside a class, which may begin or end a range.
  std::optional<char> class_letter() {
    if (text_.empty()) {
      unknown("[");
      return std::nullopt;
    }
    const char c = next();
    if (!is_ascii(c)) {
      reason_ = "the pattern has letters beyond ASCII";
      return std::nullopt;
    }
    if (c != '\\') return c;
    const char letter = text_.empty() ? '\0' : next();
    const auto out = escaped_letter(letter);
    if (!out) unknown(std::string("\\") + letter);
    return out;
  }

  std::optional<RegexTree> character_class() {
    const bool negated = take('^');
    Ascii set;
    for (bool first = true; first || !at(']'); first = false) {
      if (text_.starts_with("[:")) unknown("[:");
      if (text_.size() >= 2 && at('\\'))
        if (const auto perl = perl_class(text_[1])) {
          set |= *perl;
          text_.remove_prefix(2);
          continue;
        }
      const auto low = class_letter();
      if (failed() || !low) return std::nullopt;
      auto high = low;
      if (text_.size() >= 2 && at('-') && text_[1] != ']') {
        text_.remove_prefix(1);
        high = class_letter();
        if (failed() || !high) return std::nullopt;
        if (code_of(*high) < code_of(*low)) {
          unknown("[");
          return std::nullopt;
        }
      }
      set |= range(*low, *high);
      if (text_.empty()) {
        unknown("[");
        return std::nullopt;
      }
    }
    take(']');
    if (fold_) set = folded(set);
    return symbols(negated ? ~set : set);
  }

  std::optional<int> number() {
    if (text_.empty() || !std::isdigit(static_cast<unsigned char>(text_[0]))) return std::nullopt;
    if (at('0') && text_.size() > 1 && std::isdigit(static_cast<unsigned char>(text_[1])))
      return std::nullopt;
    int out = 0;
    while (!text_.empty() && std::isdigit(static_cast<unsigned char>(text_[0])))
      if ((out = out * 10 + (next() - '0')) > kMaxRepeat) return std::nullopt;
    return out;
  }

  RegexTree repeated(RegexTree piece) {
    RegexTree out{.kind = RegexTree::Kind::Repeat};
    if (take('*')) {
    } else if (take('+')) {
      out.min = 1;
    } else if (take('?')) {
      out.max = 1;
    } else if (at('{')) {
      const std::string_view brace = text_;
      next();
      const auto min = number();
      out.min = min.value_or(0);
      out.max = out.min;
      if (take(',')) out.max = at('}') ? RegexTree::kNoMax : number().value_or(-2);
      const bool ordered = out.max == RegexTree::kNoMax || out.max >= out.min;
      if (!min || out.max < RegexTree::kNoMax || !ordered || !take('}')) {
        unknown(brace.substr(0, 1));
        return piece;
      }
    } else {
      return piece;
    }
    take('?');  // less greedy: the same texts are matched
    if (at('*') || at('+') || at('?') || at('{')) unknown(text_.substr(0, 1));
    if (has_anchor(piece)) reason_ = "the pattern repeats `^` or `$`";
    out.parts.push_back(std::move(piece));
    return out;
  }

  std::string_view text_;
  bool fold_;
  std::string reason_;
};

}  // namespace

std::variant<RegexTree, NotAnalysed> parse_regex(std::string_view pattern, bool ignore_case) {
  return Parser(pattern, ignore_case).parse();
}

}  // namespace allocd
