// What regular expressions and other operators accept among registration IDs, held against the
// engine that decides.
#include "analysis/id_language.h"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analysis/regex_syntax.h"
#include "policy/regex.h"

namespace allocd {
namespace {

IdSet set_of(const std::string& pattern, bool ignore_case, bool whole) {
  auto tree = parse_regex(pattern, ignore_case);
  const auto* reason = std::get_if<NotAnalysed>(&tree);
  REQUIRE_MESSAGE(reason == nullptr, pattern << ": " << reason->reason);
  return {
      {std::make_shared<IdAutomaton>(std::get<RegexTree>(tree),
                                     IdAutomaton::Extent{.any_start = !whole, .any_end = !whole}),
       false,
       {}}};
}

Regex compiled(const std::string& pattern, bool ignore_case, bool whole) {
  auto regex =
      Regex::compile(pattern, whole ? Regex::Extent::Whole : Regex::Extent::Anywhere, ignore_case);
  REQUIRE_MESSAGE(std::holds_alternative<Regex>(regex), pattern);
  return std::get<Regex>(std::move(regex));
}

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t n) {
  return static_cast<std::size_t>(std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random));
}

template <typename T>
const T& one_of(Random& random, const std::vector<T>& choices) {
  return choices[below(random, choices.size())];
}

// Patterns of the subset, made of few letters so that IDs often match.
std::string random_pattern(Random& random, int depth) {
  static const std::vector<std::string> kAtoms = {
      "a",     "b",    "K",      "s",      "1",     "-",     "_",       ".",      "\\.",
      "\\d",   "\\D",  "\\w",    "\\W",    "\\s",   "\\S",   "[ab]",    "[^ab]",  "[a-k1]",
      "[A-K]", "[^k]", "[]a-]",  "[\\d-]", "\\x61", "[\\W]", "[^\\W_]", "[^\\D]", "[a-b-k]",
      "\\-",   "\\:",  "[\\-:]", "[--1]",  "/",     "[.]"};
  static const std::vector<std::string> kRepeats = {"*",    "+",   "?",  "{2}", "{1,2}", "{0,2}",
                                                    "{1,}", "{0}", "*?", "??",  "{2,3}?"};
  std::string out;
  for (std::size_t i = below(random, 4); i-- > 0;) {
    std::string piece = one_of(random, kAtoms);
    bool repeatable = true;
    if (depth > 0 && below(random, 3) == 0) {
      static const std::vector<std::string> kOpen = {"(", "(?:", "(?i:", "(?-i:", "(?s:", "(?i-s:"};
      piece = one_of(random, kOpen) + random_pattern(random, depth - 1) + ")";
      repeatable = piece.find('^') == std::string::npos && piece.find('$') == std::string::npos;
    }
    if (repeatable && below(random, 3) == 0) piece += one_of(random, kRepeats);
    out += piece;
  }
  if (below(random, 12) == 0) out = "^" + out;
  if (below(random, 12) == 0) out += "$";
  if (below(random, 12) == 0) out = "(?i)" + out;
  if (depth > 0 && below(random, 4) == 0) out += "|" + random_pattern(random, depth - 1);
  return out;
}

std::string random_id(Random& random) {
  static const std::string kLetters = "aabbkKsSAB11-._:2z";
  std::string out;
  for (std::size_t i = below(random, 6); i-- > 0;) out += kLetters[below(random, kLetters.size())];
  return out + "abkK1-sA"[below(random, 8)];
}

}  // namespace

TEST_CASE("regex syntax: what is read, and what is not analysed") {
  for (const char* good : {"",
                           "abc",
                           "a|b|",
                           "(a)(?:b)(?P<x>c)",
                           "[a-z0-9]+-[^x]{3}",
                           "\\d\\D\\w\\W\\s\\S",
                           "a*?b+?c??",
                           "a{2}b{2,}c{2,3}",
                           "^a$",
                           "(^a|b$)",
                           "(?i)a(?-i)b(?i:c)",
                           "\\.\\-\\x2d",
                           "[]a]",
                           "[^]a]",
                           "[a-]",
                           "[-a]",
                           "[\\]\\-]",
                           ".*x.*",
                           "\\Aa\\z",
                           "(?im)a"}) {
    CAPTURE(good);
    CHECK(std::holds_alternative<RegexTree>(parse_regex(good, false)));
  }
  struct Bad {
    const char* pattern;
    const char* reason;
  };
  const Bad bad[] = {
      {"a\\b", "the pattern has `\\b`"},
      {"\\pL", "the pattern has `\\p`"},
      {"\\Qa\\E", "the pattern has `\\Q`"},
      {"\\C", "the pattern has `\\C`"},
      {"\\x{e4}", "the pattern has `\\x`"},
      {"[[:alpha:]]", "the pattern has `[:`"},
      {"\xc3\xa4", "the pattern has letters beyond ASCII"},
      {"[a-\xc3\xa4]", "the pattern has letters beyond ASCII"},
      {"(?:^)*", "the pattern repeats `^` or `$`"},
      {"a{,2}", "the pattern has `{`"},
      {"a**", "the pattern has `*`"},
      {"a(?i)*", "the pattern has `*`"},
      {"(a", "the pattern has a group without end"},
      {"a)", "the pattern has `)`"},
      {"(?=a)", "the pattern has `(?=`"},
      {"[a", "the pattern has `[`"},
      {"a\\", "the pattern has `\\`"},
  };
  for (const Bad& b : bad) {
    CAPTURE(b.pattern);
    const auto tree = parse_regex(b.pattern, false);
    REQUIRE(std::holds_alternative<NotAnalysed>(tree));
    CHECK(std::get<NotAnalysed>(tree).reason == b.reason);
  }
  CHECK(std::holds_alternative<NotAnalysed>(
      parse_regex(std::string(200, '(') + std::string(200, ')'), false)));
}

TEST_CASE("id language: random patterns mean what the engine makes of them") {
  Random random(1098);
  int matched = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string pattern = random_pattern(random, 2);
    const bool ignore_case = below(random, 2) == 0;
    const bool whole = below(random, 2) == 0;
    CAPTURE(pattern);
    CAPTURE(ignore_case);
    CAPTURE(whole);
    const IdSet set = set_of(pattern, ignore_case, whole);
    const Regex regex = compiled(pattern, ignore_case, whole);
    for (int k = 0; k < 12; ++k) {
      const std::string id = random_id(random);
      CAPTURE(id);
      const bool expected = regex.matches(id);
      matched += expected ? 1 : 0;
      REQUIRE((holds(set, id) == Membership::Yes) == expected);
    }
    // What is found is matched, and nothing shorter is: of few letters all can be tried.
    const ShortestId found = shortest_id(set, {});
    REQUIRE(found.result != ShortestId::Result::TooLarge);
    const bool any = found.result == ShortestId::Result::Found;
    if (any) REQUIRE_MESSAGE(regex.matches(found.id), found.id);
    if (i % 8 != 0) continue;
    for (const char a : kIdSymbols) {
      if (!may_end_id(symbol_of(a))) continue;
      if (regex.matches(std::string(1, a))) REQUIRE((any && found.id.size() == 1));
      if (any && found.id.size() <= 2) continue;
      for (const char b : std::string("abkKs1-._:/"))
        if (symbol_of(b) < kIdSymbols.size()) REQUIRE(!regex.matches(std::string{b, a}));
    }
  }
  CHECK(matched > 500);
}

TEST_CASE("id language: the shortest ID that is left") {
  struct Case {
    const char* name;
    const char* pattern;
    std::vector<const char*> others;
    const char* expected;  // null: none
  };
  const Case cases[] = {
      {"anything", ".*", {}, "a"},
      {"an ID ends with no dot", "a\\.*", {"a"}, nullptr},
      {"a dot inside", "a[.]*b", {"ab"}, "a.b"},
      {"minus its parts", "ab?", {"a", "ab"}, nullptr},
      {"letters folded", "(?i)AB", {}, "ab"},
      {"letters told apart", "(?i)ab", {"ab"}, "aB"},
      {"the union of two", "(x|y)[0-9]+", {"x.*", "y[0-8]+"}, "y9"},
      {"covered by a union", "(x|y)[0-9]+", {"x.*", "y[0-8].*", "y9.*"}, nullptr},
      {"as long as an ID may be", "a{128}", {}, nullptr},  // see below
      {"longer than an ID may be", "a{129}", {}, nullptr},
      {"longer than others reach", "[ab]{3,}", {"[ab]{1,4}"}, "aaaaa"},
      {"no ID has a slash", "a/b", {}, nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::vector<IdSet> sets;
    for (const char* other : c.others) sets.push_back(set_of(other, false, true));
    std::vector<const IdSet*> others;
    for (const IdSet& set : sets) others.push_back(&set);
    const ShortestId found = shortest_id(set_of(c.pattern, false, true), others);
    if (std::string_view(c.pattern) == "a{128}") {
      CHECK(found.id == std::string(128, 'a'));
    } else if (c.expected == nullptr) {
      CHECK(found.result == ShortestId::Result::None);
    } else {
      CHECK(found.result == ShortestId::Result::Found);
      CHECK(found.id == c.expected);
    }
  }
}

TEST_CASE("id language: what is too large says so") {
  // What the 17th letter from the end was takes 2^17 states to remember.
  CHECK(shortest_id(set_of("[ab]*a[ab]{16}", false, true), {}).result ==
        ShortestId::Result::TooLarge);
  const IdSet huge = set_of("(a{1000}){1000}", false, true);
  CHECK(shortest_id(huge, {}).result == ShortestId::Result::TooLarge);
  CHECK(holds(huge, "a") == Membership::Unknown);
}

}  // namespace allocd
