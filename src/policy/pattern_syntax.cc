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
  for (int c = first; c <= last; ++c) out.set(static_cast<std::size_t>(c));
}

Characters folded(const Characters& characters) {
  Characters out;
  for (std::size_t c = 0; c < characters.size(); ++c)
    if (characters[c]) out.set(static_cast<std::size_t>(lower(static_cast<char>(c))));
  return out;
}

PatternNode one_of(const Characters& characters) {
  return {.kind = Kind::OneOf, .characters = characters};
}

PatternNode one(char c) {
  Characters out;
  add_range(out, c, c);
  return one_of(out);
}

// One of those that are not in `characters`.
PatternNode none_of(const Characters& characters) {
  return {.kind = Kind::AnyCharacter, .characters = ~characters};
}

PatternNode some_character() { return {.kind = Kind::AnyCharacter, .exact = false}; }

// What stands at a place and takes nothing.
PatternNode place() { return {.kind = Kind::Empty, .exact = false}; }

// `\d`, `\w`, `\s`, and the control characters that have a letter.
std::optional<Characters> escaped_characters(char letter) {
  Characters out;
  const auto control = [&out](char c) { add_range(out, c, c); };
  switch (letter) {
    case 'd': add_range(out, '0', '9'); break;
    case 'w':
      add_range(out, '0', '9');
      add_range(out, 'a', 'z');
      add_range(out, 'A', 'Z');
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
  RegexReader(std::string_view pattern, Letters letters) : rest_(pattern), letters_(letters) {}

  std::optional<PatternNode> read() {
    PatternNode out = choice(0);
    if (!rest_.empty() || unsure_) return std::nullopt;
    if (flags_) out.exact = false;
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
      return some_character();
    }
    rest_.remove_prefix(1);
    switch (c) {
      case '(': return group(depth);
      case '[': return character_class();
      case '\\': return escape();
      case '.': return none_of(Characters().set('\n'));
      case '^':
      case '$': return place();
      // Operators without anything before them.
      case '*':
      case '+':
      case '?':
      case '{': return unsure();
      default: return letter(c);
    }
  }

  PatternNode letter(char c) const { return one(letters_ == Letters::Folded ? lower(c) : c); }

  PatternNode group(int depth) {
    std::string_view name;
    if (take("?P<") || take("?<")) {
      const std::size_t end = rest_.find('>');
      if (end == std::string_view::npos) return unsure();
      name = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
    } else if (take("?")) {
      // Flags: of letter case, lines and greed.
      flags_ = flags_ || !rest_.starts_with(':');
      const std::size_t end = rest_.find_first_not_of("imsU-");
      if (end == std::string_view::npos) return unsure();
      rest_.remove_prefix(end);
      if (take(")")) return place();
      if (!take(":")) return unsure();
    }
    PatternNode out = choice(depth + 1);
    if (!take(")")) return unsure();
    out.group = name;
    return out;
  }

  PatternNode escape() {
    if (rest_.empty()) return unsure();
    const char c = take_one();
    if (const auto characters = escaped_characters(c)) return class_of(*characters);
    switch (c) {
      case 'b':
      case 'B':
      case 'A':
      case 'z': return place();
      case 'D':
      case 'W':
      case 'S':
      case 'C': return some_character();
      case 'p':
      case 'P':
        if (rest_.empty() || (rest_.front() == '{' && rest_.find('}') == std::string_view::npos))
          return unsure();
        rest_.remove_prefix(rest_.front() == '{' ? rest_.find('}') + 1 : 1);
        return some_character();
      default: return is_punctuation(c) ? one(c) : unsure();
    }
  }

  PatternNode class_of(const Characters& characters) const {
    return one_of(letters_ == Letters::Folded ? folded(characters) : characters);
  }

  PatternNode character_class() {
    Characters characters;
    const bool negated = take("^");
    bool known = true;
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
        // One end may be a control character by its letter, as in `[\t-z]`.
        if (!from || !to) known = false;
      }
      if (from && to) {
        add_range(characters, *from, *to);
      } else if (!named_) {
        known = false;
      }
    }
    if (!take("]")) return unsure();
    if (!known) return some_character();
    if (!negated) return class_of(characters);
    // Of folded letters it is not known which ones were left out.
    return letters_ == Letters::Folded ? some_character() : none_of(characters);
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
    const bool reluctant = take("?");
    PatternNode out{.kind = Kind::Repeat, .least = least, .most = most, .exact = !reluctant};
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
  const Letters letters_;
  bool unsure_ = false;
  bool named_ = false;
  bool flags_ = false;  // there were any
};

}  // namespace

std::optional<PatternNode> parse_regex(std::string_view pattern, Letters letters) {
  return RegexReader(pattern, letters).read();
}

PatternNode parse_glob(std::string_view pattern) {
  PatternNode out{.kind = Kind::Sequence};
  while (!pattern.empty()) {
    const char c = pattern.front();
    std::size_t length = 1;
    if (c == '*') {
      out.parts.push_back({.kind = Kind::Repeat,
                           .parts = {some_character()},
                           .least = 0,
                           .most = PatternNode::kUnbounded});
    } else if (c == '?') {
      out.parts.push_back(some_character());
    } else if (is_ascii(c)) {
      out.parts.push_back(one(lower(c)));
    } else {
      length = std::max<std::size_t>(1, utf8_length(pattern));
      out.parts.push_back(some_character());
    }
    pattern.remove_prefix(length);
  }
  return out;
}

}  // namespace allocd
