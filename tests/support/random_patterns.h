// Regular expressions at random, of all that RE2 knows, and texts that they match.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace allocd::test {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename T, std::size_t N>
  const T& of(const T (&values)[N]) {
    return values[below(N)];
  }
  template <typename T>
  const T& of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937 engine_;
};

// A regular expression and a text that it matches (as a rule: anchors inside see to exceptions).
struct PatternAndText {
  std::string pattern;
  std::string text;
};

class Patterns {
 public:
  explicit Patterns(Random& random) : random_(random) {}

  PatternAndText sequence(int depth) {
    PatternAndText out;
    for (std::size_t i = random_.below(4) + 1; i > 0; --i) {
      const PatternAndText part = piece(depth);
      out.pattern += part.pattern;
      out.text += part.text;
    }
    return out;
  }

 private:
  PatternAndText piece(int depth) {
    static const PatternAndText kPieces[] = {
        {"dev-", "dev-"},
        {"oven", "Oven"},
        {"site", "SITE"},
        {"k", "\xE2\x84\xAA"},
        {"s", "\xC5\xBF"},
        {"a", "A"},
        {"-", "-"},
        {"0001", "0001"},
        {"\xC3\xA4", "\xC3\xA4"},
        {"\xC5\xBF", "s"},
        {"[ab]", "b"},
        {"[A-C]", "c"},
        {"[0-9]", "7"},
        {"\\d", "0"},
        {"\\w", "_"},
        {"[^x]", "\xC3\xA4"},
        {".", "\xE2\x82\xAC"},
        {"[[:alpha:]]", "q"},
        {"\\.", "."},
        {"\\x41", "A"},
        {"\\x{62}", "b"},
        {"\\pL", "\xC3\xA4"},
        {"\\p{Lu}", "Z"},
        {"[\\d-]", "-"},
        {"[]a]", "]"},
        {"[^]a]", "b"},
        {"[a\\]]", "]"},
        {"[\\w.]", "."},
        {"^", ""},
        {"$", ""},
        {"\\b", ""},
        {"(?i)", ""},
        {"(?s)", ""},
        {"\\Qa.b\\E", "a.b"},
        {"\\061", "1"},
        {"[a-\\x{E4}]", "b"},
        {"}", "}"},
        {"[[:digit:]x-z]", "y"},
        {"[\\t-\\r]", "\n"},
        {"\\n", "\n"},
        {"a{,2}", "a{,2}"},
        {"a{01}", "a{01}"},
        {"{", "{"},
    };
    PatternAndText out = random_.of(kPieces);
    if (depth > 0 && random_.one_in(3)) out = group(depth);
    // Of some pieces, an operator would only repeat the last letter.
    const bool repeatable = !out.pattern.empty() && out.pattern.back() != '^' &&
                            out.pattern.back() != '$' && out.pattern.find("(?i)") != 0 &&
                            out.pattern.find("(?s)") != 0 && out.pattern != "\\b";
    if (repeatable && random_.one_in(3)) repeat(out);
    return out;
  }

  PatternAndText group(int depth) {
    static const char* const kOpen[] = {"(", "(?:", "(?i:", "(?P<g"};
    std::string open = random_.of(kOpen);
    if (open.ends_with("<g")) open += std::to_string(groups_++) + ">";
    PatternAndText out{open, ""};
    const std::size_t branches = random_.below(3) + 1;
    const std::size_t taken = random_.below(branches);
    for (std::size_t i = 0; i < branches; ++i) {
      const PatternAndText branch = random_.one_in(10) ? PatternAndText{} : sequence(depth - 1);
      out.pattern += (i > 0 ? "|" : "") + branch.pattern;
      if (i == taken) out.text = branch.text;
    }
    out.pattern += ")";
    return out;
  }

  void repeat(PatternAndText& out) {
    struct Operator {
      const char* written;
      std::size_t copies;
    };
    static const Operator kOperators[] = {{"*", 0},   {"*", 2},    {"+", 1},    {"+", 3},
                                          {"?", 0},   {"?", 1},    {"{2}", 2},  {"{1,3}", 2},
                                          {"{0}", 0}, {"{2,}", 5}, {"+?", 2},   {"{0,2}", 1},
                                          {"{9}", 9}, {"{1}", 1},  {"{0,}?", 1}};
    const Operator& op = random_.of(kOperators);
    // A text of several letters is repeated as a group.
    if (out.pattern.size() > 1 && out.pattern.back() != ')' && out.pattern.back() != ']')
      out.pattern = "(?:" + out.pattern + ")";
    out.pattern += op.written;
    std::string text;
    for (std::size_t i = 0; i < op.copies; ++i) text += out.text;
    out.text = std::move(text);
  }

  Random& random_;
  std::size_t groups_ = 0;
};

// A text near another one.
inline std::string changed(Random& random, std::string text) {
  if (random.one_in(2)) return text;
  if (random.one_in(3)) text += random.one_in(2) ? "-" : "\xC5\xBF";
  if (random.one_in(3)) text.insert(0, random.one_in(2) ? "x" : "K");
  if (!text.empty() && random.one_in(3)) {
    char& c = text[random.below(text.size())];
    if (static_cast<unsigned char>(c) < 0x80) c = "aB1-k"[random.below(5)];
  }
  return text;
}

}  // namespace allocd::test
