// Patterns without an automaton: which ones they are, and that they match what RE2 matches.
#include "policy/straight_pattern.h"

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <re2/re2.h>

#include "policy/regex.h"
#include "support/random_patterns.h"

namespace allocd {
namespace {

using test::changed;
using test::PatternAndText;
using test::Patterns;
using test::Random;

using Groups = std::vector<std::optional<std::string_view>>;

// What RE2 says, and the named groups in their order.
bool re2_matches(const std::string& pattern, bool ignore_case, std::string_view text,
                 Groups& groups) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  const RE2 re(pattern, options);
  REQUIRE(re.ok());
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
  groups.clear();
  if (!re.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::ANCHOR_BOTH,
                found.data(), static_cast<int>(found.size())))
    return false;
  for (const auto& [number, name] : re.CapturingGroupNames()) {
    const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
    if (group.data() == nullptr) {
      groups.emplace_back(std::nullopt);
    } else {
      groups.emplace_back(std::string_view(group.data(), group.size()));
    }
  }
  return true;
}

void check_same(const StraightPattern& straight, const std::string& pattern, bool ignore_case,
                const std::string& text) {
  CAPTURE(pattern);
  CAPTURE(ignore_case);
  CAPTURE(text);
  Groups expected;
  const bool matches = re2_matches(pattern, ignore_case, text, expected);
  Groups groups;
  CHECK(straight.matches(text, &groups) == matches);
  CHECK(straight.matches(text, nullptr) == matches);
  if (matches) CHECK(groups == expected);
}

bool is_ascii(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

// Words that devices' names are made of, for the most part such that one settles the next.
PatternAndText name_pattern(Random& random) {
  static const PatternAndText kPieces[] = {
      {"oven-", "oven-"},
      {"Dev_", "Dev_"},
      {"[0-9]+", "42"},
      {"[0-9]{3}", "007"},
      {"\\d{2,4}", "123"},
      {"[a-z]+", "oslo"},
      {"[A-Fa-f0-9]*", "Ab1"},
      {"(pump|fan)", "fan"},
      {"(?P<kind>Door|lock|x)", "lock"},
      {"(?:eu|us)", "us"},
      {"(?P<site>[a-z]{2})", "no"},
      {"(?P<unit>(?P<digits>\\d+)-[a-z])", "12-q"},
      {"-", "-"},
      {"\\.", "."},
      {".*", "any-1"},
      {".+", "z"},
      {"[^-]+", "us.1"},
      {"[bx]?", "b"},
      {"x", "x"},
      {"\\w+", "w_9"},
      {"()", ""},
      {"(?P<none>)", ""},
      {"[Z-b]{2}", "^a"},
  };
  PatternAndText out;
  for (std::size_t i = random.below(6) + 1; i > 0; --i) {
    const PatternAndText& piece = random.of(kPieces);
    // A name may stand once in a pattern.
    const auto name = piece.pattern.find("P<");
    if (name != std::string::npos &&
        out.pattern.find(piece.pattern.substr(name, 5)) != std::string::npos)
      continue;
    out.pattern += piece.pattern;
    out.text += piece.text;
  }
  return out;
}

}  // namespace

TEST_SUITE("straight patterns") {
  TEST_CASE("which patterns are straight") {
    struct Case {
      const char* pattern;
      bool straight;
    };
    const Case cases[] = {
        {"dev-1", true},
        {"oven-[bx]000001-[0-9]+", true},
        {"(pump|fan)-1-(?P<unit>[a-z0-9]+)", true},
        {"[a-z]+-batch1[0-9]*", true},
        {".*-contoso-tstrsd-007", true},
        {"site-.*", true},
        {"site-.*-[0-9]{4}", true},
        {"[^-]+-[^-]+-.*", true},
        {"(?:x|y)(a|b)[0-9]", true},
        {"(ab)c", true},
        {"[0-9]{2,4}-", true},
        {"", true},
        // What comes next does not settle where the one before ends.
        {".*-m1-.*", false},
        {"[a-z]+[a-f]*", false},
        {"x*(x|y)z*", false},
        {"[0-9]*[a-z]*[0-9]*", false},
        {".*(ab|c)", false},
        {"(ab|ac)", false},
        {"(a|)b", false},
        {"(ab)*", false},
        {"(a[0-9]|b)", false},
        {"(?P<x>a)+", false},
        {"a{0}", false},
        // Not known, or with a meaning beyond characters in a row.
        {"^dev-1$", false},
        {"(?i)dev-1", false},
        {"a+?", false},
        {"\\bdev", false},
        {"[[:digit:]]+", false},
        {"\\x41", false},
        {"\\Qdev\\E", false},
        {"\\D", false},
        {"\xC3\xA4", false},
        {"[\xC3\xA4]", false},
        {"a[\\t-\\r]b", false},
        {"a{,2}", false},
    };
    for (const Case& c : cases) {
      CAPTURE(c.pattern);
      CHECK(StraightPattern::compile(c.pattern, false).has_value() == c.straight);
    }
    // What a folded letter was left out for is not known any more.
    CHECK(StraightPattern::compile("[^a]+", false));
    CHECK_FALSE(StraightPattern::compile("[^a]+", true));
    CHECK(StraightPattern::compile(std::string(4'000, 'x'), false));
    CHECK_FALSE(StraightPattern::compile(std::string(5'000, 'x'), false));
    std::string steps;
    for (int i = 0; i < 16; ++i) steps += "a[0-9]";
    CHECK(StraightPattern::compile(steps, false));
    CHECK_FALSE(StraightPattern::compile(steps + "b", false));
  }

  TEST_CASE("they match what RE2 matches, at the edges") {
    struct Case {
      const char* pattern;
      std::vector<std::string> texts;
    };
    const Case cases[] = {
        {"[0-9]{2,4}-", {"1-", "12-", "1234-", "12345-", "-", "12", "12--"}},
        {"a[0-9]{2,3}", {"a1", "a12", "a123", "a1234", "a12x"}},
        {".*-7", {"-7", "7", "", "-7-7", "-7x", "\n-7", "x\n-7", std::string("\0-7", 3)}},
        {".+x", {"x", "xx", "axx", "ax"}},
        {"(a|bc)d", {"ad", "bcd", "bd", "abcd", "d", "b"}},
        {"(?P<x>[a-c]*)(?P<y>-?)", {"", "-", "abc", "abc-", "abcd", "--"}},
        {"[^-]*-", {"-", "a\n-", "--", "a"}},
        {"\\s\\w\\d", {" _1", "\ta0", "\v_1", " -1", "\nZ9"}},
        {"[]a-]+", {"]", "a-", "b", ""}},
        {"", {"", "a"}},
        {"K[A-Z]+s", {"KAs", "kas", "Kas", "KAS"}},
        {"[Z-b]+", {"Z", "z", "^", "a", "A", "B", "c", "y"}},
    };
    for (const Case& c : cases) {
      for (const bool ignore_case : {false, true}) {
        const auto straight = StraightPattern::compile(c.pattern, ignore_case);
        if (!ignore_case) REQUIRE(straight);
        for (const std::string& text : c.texts)
          if (straight) check_same(*straight, c.pattern, ignore_case, text);
      }
    }
  }

  TEST_CASE("they match what RE2 matches, at random") {
    Random random(11);
    std::size_t straight_ones = 0;
    std::size_t matched = 0;
    for (int i = 0; i < 8'000; ++i) {
      const bool ignore_case = random.one_in(2);
      const PatternAndText made =
          random.one_in(4) ? Patterns(random).sequence(2) : name_pattern(random);
      RE2::Options options;
      options.set_log_errors(false);
      if (!RE2(made.pattern, options).ok()) continue;
      const auto straight = StraightPattern::compile(made.pattern, ignore_case);
      if (!straight) continue;
      ++straight_ones;
      for (int j = 0; j < 6; ++j) {
        std::string text = made.text;
        for (std::size_t k = random.below(3); k > 0; --k) text = changed(random, text);
        if (!text.empty() && random.one_in(4)) text.erase(random.below(text.size()), 1);
        if (random.one_in(8)) text += text;
        if (!is_ascii(text)) continue;
        matched += straight->matches(text, nullptr) ? 1 : 0;
        check_same(*straight, made.pattern, ignore_case, text);
      }
    }
    CHECK(straight_ones > 2'000);
    CHECK(matched > 2'000);
  }

  TEST_CASE("texts beyond ASCII are left to RE2") {
    struct Case {
      const char* pattern;
      bool ignore_case;
      const char* text;
      bool expected;
    };
    const Case cases[] = {
        {"dev-.", false, "dev-\xC3\xA4", true},
        {"dev-[^x]", false, "dev-\xE2\x82\xAC", true},
        {"dev-[a-z]", false, "dev-\xC3\xA4", false},
        {"k[a-z]", true, "\xE2\x84\xAA\xC5\xBF", true},  // the Kelvin sign and the long s
        {"k[a-z]", false, "\xE2\x84\xAA\xC5\xBF", false},
        {"(a|k)", true, "\xE2\x84\xAA", true},
        {".*", false, "\xC3", false},  // no character
    };
    for (const Case& c : cases) {
      CAPTURE(c.pattern);
      CAPTURE(c.text);
      REQUIRE(StraightPattern::compile(c.pattern, c.ignore_case));
      const Regex regex =
          std::get<Regex>(Regex::compile(c.pattern, Regex::Extent::Whole, c.ignore_case));
      CHECK(regex.matches(c.text) == c.expected);
      CHECK(Regex(regex).matches(c.text) == c.expected);
    }
    const Regex named =
        std::get<Regex>(Regex::compile("(?P<a>.)-(?P<b>.*)", Regex::Extent::Whole, false));
    for (const std::string text : {"x-yz", "\xC3\xA4-yz"}) {
      Groups groups;
      CHECK(named.matches(text, groups));
      CHECK(groups == Groups{std::string_view(text).substr(0, text.find('-')), "yz"});
    }
  }
}

TEST_SUITE("threads: patterns") {
  TEST_CASE("many at once bring the first text that needs RE2") {
    for (int round = 0; round < 20; ++round) {
      const Regex regex =
          std::get<Regex>(Regex::compile("dev-.*-[0-9]", Regex::Extent::Whole, false));
      std::atomic<int> matched = 0;
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
          if (regex.matches("dev-\xC3\xA4-7")) ++matched;
          if (!regex.matches("dev-\xC3\xA4-x")) ++matched;
        });
      for (std::thread& thread : threads) thread.join();
      CHECK(matched == 8);
    }
  }
}

}  // namespace allocd
