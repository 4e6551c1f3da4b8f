#include "policy/pattern_syntax.h"

#include <algorithm>

#include "diagnostics/utf8.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

using Kind = PatternNode::Kind;

constexpr int kMaxDepth = 50;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_punctuation(char c) {
  return c > ' ' && c < 0x7F && !is_digit(c) && (lower(c) < 'a' || lower(c) > 'z');
}

void add_range(Characters& out, char first, char last) {
  for (int c = first; c <= last; ++c)
    out.set(static_cast<std::size_t>(lower(static_cast<char>(c))));
}

PatternNode one_of(const Characters& characters) {
  return {.kind = Kind::OneOf, .characters = characters};
}

PatternNode one(char c) {
  Characters out;
  add_range(out, c, c);
  return one_of(out);
}

PatternNode any_character() { return {.kind = Kind::AnyCharacter}; }

// `\d`, `\w`, `\s`, and the control characters that have a letter.
std::optional<Characters> escaped_characters(char letter) {
  Characters out;
  const auto control = [&out](char c) { add_range(out, c, c); };
  switch (letter) {
    case 'd': add_range(out, '0', '9'); break;
    case 'w':
      add_range(out, '0', '9');
      add_range(out, 'a', 'z');
      control('_');
      break;
    case 's':
      for (const char c : {'\t', '\n', '\f', '\r', ' '}) control(c);
      break;
    case 'a': control('\a'); break;
    case 'f': control('\f'); break;
    case 'n': control('\n'); break;
    case 'r': control('\r'); break;
    case 't': control('\t'); break;
    case 'v': control('\v'); break;
    default: return std::nullopt;
  }
  return out;
}

class RegexReader {
 public:
  explicit RegexReader(std::string_view pattern) : rest_(pattern) {}

  std::optional<PatternNode> read() {
    PatternNode out = choice(0);
    if (!rest_.empty() || unsure_) return std::nullopt;
    return out;
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  char take_one() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  PatternNode unsure() {
    unsure_ = true;
    return {};
  }

  PatternNode choice(int depth) {
    if (depth > kMaxDepth) return unsure();
    PatternNode out{.kind = Kind::Choice};
    do {
      out.parts.push_back(sequence(depth));
    } while (!unsure_ && take("|"));
    if (out.parts.size() == 1) return PatternNode(std::move(out.parts.front()));
    return out;
  }

  PatternNode sequence(int depth) {
    PatternNode out{.kind = Kind::Sequence};
    while (!unsure_ && !rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      PatternNode part = atom(depth);
      out.parts.push_back(repeated(std::move(part)));
    }
    return out;
  }

  PatternNode atom(int depth) {
    const char c = rest_.front();
    if (!is_ascii(c)) {
      rest_.remove_prefix(std::max<std::size_t>(1, utf8_length(rest_)));
      return any_character();
    }
    rest_.remove_prefix(1);
    switch (c) {
      case '(': return group(depth);
      case '[': return character_class();
      case '\\': return escape();
      case '.': return any_character();
      case '^':
      case '$': return {};
      // Operators without anything before them.
      case '*':
      case '+':
      case '?':
      case '{': return unsure();
      default: return one(c);
    }
  }

  PatternNode group(int depth) {
    if (take("?P<") || take("?<")) {
      const std::size_t end = rest_.find('>');
      if (end == std::string_view::npos) return unsure();
      rest_.remove_prefix(end + 1);
    } else if (take("?")) {
      // Flags: of letter case, lines and greed, none of which matters here.
      const std::size_t end = rest_.find_first_not_of("imsU-");
      if (end == std::string_view::npos) return unsure();
      rest_.remove_prefix(end);
      if (take(")")) return {};
      if (!take(":")) return unsure();
    }
    PatternNode out = choice(depth + 1);
    if (!take(")")) return unsure();
    return out;
  }

  PatternNode escape() {
    if (rest_.empty()) return unsure();
    const char c = take_one();
    if (const auto characters = escaped_characters(c)) return one_of(*characters);
    switch (c) {
      case 'b':
      case 'B':
      case 'A':
      case 'z': return {};
      case 'D':
      case 'W':
      case 'S':
      case 'C': return any_character();
      case 'p':
      case 'P':
        if (rest_.empty() || (rest_.front() == '{' && rest_.find('}') == std::string_view::npos))
          return unsure();
        rest_.remove_prefix(rest_.front() == '{' ? rest_.find('}') + 1 : 1);
        return any_character();
      default: return is_punctuation(c) ? one(c) : unsure();
    }
  }

  PatternNode character_class() {
    Characters characters;
    bool known = !take("^");
    bool first = true;
    while (!rest_.empty() && (first || rest_.front() != ']')) {
      first = false;
      if (rest_.starts_with("[:")) {
        const std::size_t end = rest_.find(":]");
        if (end == std::string_view::npos) return unsure();
        rest_.remove_prefix(end + 2);
        known = false;
        continue;
      }
      const std::optional<char> from = class_member(characters);
      std::optional<char> to = from;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        to = class_member(characters);
      }
      if (from && to) {
        add_range(characters, *from, *to);
      } else if (!named_) {
        known = false;
      }
    }
    if (!take("]")) return unsure();
    return known ? one_of(characters) : any_character();
  }

  // The next character of a class, or nothing where it is none in ASCII. One like `\d` is added to
  // `out`, and leaves `named_`.
  std::optional<char> class_member(Characters& out) {
    named_ = false;
    if (rest_.empty()) return std::nullopt;
    if (!is_ascii(rest_.front())) {
      rest_.remove_prefix(std::max<std::size_t>(1, utf8_length(rest_)));
      return std::nullopt;
    }
    const char c = take_one();
    if (c != '\\') return c;
    if (rest_.empty()) return std::nullopt;
    const char escaped = take_one();
    if (const auto characters = escaped_characters(escaped)) {
      out |= *characters;
      named_ = true;
      return std::nullopt;
    }
    if (is_punctuation(escaped)) return escaped;
    return std::nullopt;  // what follows, as in `\x{41}`, is taken for members
  }

  PatternNode repeated(PatternNode part) {
    if (rest_.empty()) return part;
    std::size_t least = 0;
    std::size_t most = PatternNode::kUnbounded;
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (take("{")) {
      const auto from = number();
      if (!from) return unsure();
      least = most = *from;
      if (take(",")) {
        const auto to = rest_.starts_with('}') ? PatternNode::kUnbounded : number();
        if (!to) return unsure();
        most = *to;
      }
      if (!take("}")) return unsure();
    } else {
      return part;
    }
    take("?");  // reluctant
    PatternNode out{.kind = Kind::Repeat, .least = least, .most = most};
    out.parts.push_back(std::move(part));
    return out;
  }

  // RE2 takes a number that begins with 0 for text, and none is above 1000.
  std::optional<std::size_t> number() {
    std::size_t out = 0;
    std::size_t digits = 0;
    for (; digits < 4 && digits < rest_.size() && is_digit(rest_[digits]); ++digits)
      out = out * 10 + static_cast<std::size_t>(rest_[digits] - '0');
    if (digits == 0 || (digits > 1 && rest_.front() == '0')) return std::nullopt;
    rest_.remove_prefix(digits);
    return out;
  }

  std::string_view rest_;
  bool unsure_ = false;
  bool named_ = false;
};

}  // namespace

std::optional<PatternNode> parse_regex(std::string_view pattern) {
  return RegexReader(pattern).read();
}

PatternNode parse_glob(std::string_view pattern) {
  PatternNode out{.kind = Kind::Sequence};
  while (!pattern.empty()) {
    const char c = pattern.front();
    std::size_t length = 1;
    if (c == '*') {
      out.parts.push_back({.kind = Kind::Repeat,
                           .parts = {any_character()},
                           .least = 0,
                           .most = PatternNode::kUnbounded});
    } else if (c == '?') {
      out.parts.push_back(any_character());
    } else if (is_ascii(c)) {
      out.parts.push_back(one(c));
    } else {
      length = std::max<std::size_t>(1, utf8_length(pattern));
      out.parts.push_back(any_character());
    }
    pattern.remove_prefix(length);
  }
  return out;
}

}  // namespace allocd
