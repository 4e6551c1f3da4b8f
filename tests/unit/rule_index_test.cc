// The rule index: its parts as tables, and the whole held against trying every rule.
#include "policy/rule_index.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "policy/aho_corasick.h"
#include "policy/clues.h"
#include "policy/decide.h"
#include "policy/folded_text.h"
#include "policy/literals.h"
#include "policy/pattern_syntax.h"
#include "policy/regex.h"
#include "policy/shape.h"
#include "rulefile/load_rules.h"
#include "support/random_patterns.h"

namespace allocd {
namespace {

using test::changed;
using test::PatternAndText;
using test::Patterns;
using test::Random;

std::string shown(const std::vector<Literals>& needed) {
  std::string out;
  for (const Literals& literals : needed) {
    constexpr const char* kPlaces[] = {"whole", "start", "end", "in"};
    out += out.empty() ? "" : "; ";
    out += kPlaces[static_cast<int>(literals.place)];
    for (const std::string& text : literals.texts) out += " `" + text + "`";
  }
  return out;
}

RuleSet rules_of(const Json& rules) {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", Json{{"rules", rules}}.dump()));
  LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all())
    if (diagnostic.severity == Severity::Error) MESSAGE(render(diagnostic));
  REQUIRE(loaded.rules != nullptr);
  return *loaded.rules;
}

std::vector<std::size_t> drained(RuleIndex::Candidates candidates) {
  std::vector<std::size_t> out;
  while (const auto number = candidates.next()) out.push_back(*number);
  return out;
}

// Rule sets and requests with few words in them, so that one often fits the other.
class RandomRules {
 public:
  explicit RandomRules(Random& random) : random_(random) {}

  Json rules(std::size_t count) {
    Json out = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      Json rule = {{"name", "r" + std::to_string(i)}};
      patterns_ = std::make_unique<Patterns>(random_);
      if (!random_.one_in(40)) rule["match"] = match(2);
      if (random_.one_in(8)) {
        rule["reject"] = "no";
      } else {
        // Most rules go on, so that those behind them have their turn.
        rule["allocate"] = {{"hub", random_.one_in(6) ? "hub-*" : "nowhere"},
                            {"onNoHub", "continue"}};
      }
      out.push_back(std::move(rule));
    }
    return out;
  }

  AllocationRequest request() {
    SampleRequest out;
    out.registration_id = text();
    out.linked_hubs = {"hub-eu.azure-devices.net"};
    if (!random_.one_in(4)) {
      out.payload = random_.one_in(6) ? value(1) : Json::object();
      if (out.payload->is_object())
        for (const char* name : {"model", "n", "tag"})
          if (!random_.one_in(3)) (*out.payload)[name] = value(1);
    }
    if (random_.one_in(2)) out.enrollment_id = text();
    if (random_.one_in(2)) out.current_hub = text();
    if (random_.one_in(3)) out.attestation = "x509";
    return sample_allocation_request(out);
  }

 private:
  std::string text() {
    static const char* const kWords[] = {"dev-", "Oven", "site", "K", "\xE2\x84\xAA", "\xC5\xBF",
                                         "a",    "B",    "-",    "1", "0001",         "\xC3\xA4"};
    if (!texts_.empty() && random_.one_in(2)) {
      std::string near = changed(random_, random_.of(texts_));
      if (near.size() <= 64) return near;
    }
    std::string out;
    for (std::size_t i = random_.below(4); i > 0; --i) out += random_.of(kWords);
    return out;
  }

  std::string some_text() {
    std::string out = text();
    if (out.empty()) out = "a";
    texts_.push_back(out);
    return out;
  }

  Json value(int depth) {
    switch (random_.below(depth > 0 ? 9 : 7)) {
      case 0: return 3;
      case 1: return 3.0;
      case 2: return -0.0;
      case 3: return random_.one_in(2) ? Json(0) : Json(9007199254740993);
      case 4: return random_.one_in(2);
      case 5:
      case 6: return text();
      case 7: return Json::array({value(0), value(0)});
      default: return Json{{"k", value(0)}};
    }
  }

  Json pattern(const char* op) {
    const PatternAndText made = patterns_->sequence(1);
    const bool good =
        std::holds_alternative<Regex>(Regex::compile(made.pattern, Regex::Extent::Whole, false));
    if (made.pattern.empty() || !good) return {{op, "oven-[0-9]+"}};
    texts_.push_back(made.text);
    return {{op, made.pattern}};
  }

  Json operators() {
    switch (random_.below(16)) {
      case 0: return {{"equals", value(1)}};
      case 1: return {{"in", {value(1), some_text(), value(0)}}};
      case 2: return {{"contains", some_text()}};
      case 3: return {{"startsWith", some_text()}};
      case 4: return {{"endsWith", some_text()}};
      case 5: return {{"glob", some_text() + "*" + text() + (random_.one_in(2) ? "?" : "")}};
      case 6: return {{"glob", "*" + some_text() + "*"}};
      case 7: return {{"exists", random_.one_in(2)}};
      case 8: return {{"gt", 1}, {"lte", 3}};
      case 9: return {{"version", ">=1"}};
      case 10: return {{"not", {{"contains", some_text()}}}};
      case 11: return {{"startsWith", some_text()}, {"endsWith", some_text()}};
      case 12:
      case 13: return pattern("search");
      default: return pattern("matches");
    }
  }

  Json match(int depth) {
    static const char* const kFields[] = {"registrationId", "registrationId", "payload.model",
                                          "payload.n",      "payload.tag",    "enrollment.id",
                                          "attestation",    "currentHub",     "payload"};
    Json out = Json::object();
    for (std::size_t i = random_.below(2) + 1; i > 0; --i) {
      Json what = operators();
      if (random_.one_in(4)) what["ignoreCase"] = random_.one_in(2);
      out[random_.of(kFields)] = std::move(what);
    }
    if (depth == 0) return out;
    if (random_.one_in(4)) out["any"] = {match(depth - 1), match(depth - 1)};
    if (random_.one_in(8)) out["all"] = {match(depth - 1), match(depth - 1)};
    if (random_.one_in(8)) out["not"] = match(depth - 1);
    return out;
  }

  Random& random_;
  std::unique_ptr<Patterns> patterns_;
  std::vector<std::string> texts_;  // that rules speak of
};

}  // namespace

TEST_CASE("rule index: the literals that a regular expression needs") {
  struct Case {
    const char* pattern;
    bool whole;
    const char* expected;
  };
  const Case cases[] = {
      {"dev-1", true, "whole `dev-1`"},
      {"dev-1", false, "in `dev-1`"},
      {"Dev-(A|b)", true, "whole `dev-a` `dev-b`"},
      {"", true, "whole ``"},
      {"", false, ""},
      {"dev-[0-9]+", true, "start `dev-`"},
      {"[0-9]+-x", true, "end `-x`"},
      {"a.*bc.*d", true, "start `a`; end `d`; in `bc`"},
      {"a.*bc.*d", false, "in `a`; in `d`; in `bc`"},
      {"x[ab]y", true, "whole `xay` `xby`"},
      {"x[a-z]y", true, "start `x`; end `y`"},
      {"colou?r", true, "whole `color` `colour`"},
      {"ab*c", true, "start `a`; end `c`"},
      {"ab+c", true, "start `ab`; end `bc`"},
      {"(ab){2}", true, "whole `abab`"},
      {"(ab){2,}", true, "start `abab`; end `abab`"},
      {"(ab){0,3}", true, ""},
      {"(oslo|bergen)-.*", true, "start `bergen-` `oslo-`"},
      {".*(oslo|ber.en).*", true, "in `ber` `oslo`; in `en` `oslo`"},
      {".*(oslo|.).*", true, ""},
      {".*(oslo|).*", true, ""},
      {"^dev-.*$", true, "start `dev-`"},
      {"(?i)DEV-.", true, "start `dev-`"},
      {"(?i:DEV)-.", true, "start `dev-`"},
      {"(?P<site>oslo)\\.[^x]", true, "start `oslo.`"},
      {"[aA]b", true, "whole `ab`"},
      {"a\\x41b", true, ""},    // not known here
      {"\\Qa.b\\E", true, ""},  // neither
      {"a{,2}", true, ""},      // nor a brace that is meant as such
      {"a\\pLb\\p{Greek}c", true, "start `a`; end `c`; in `b`"},
      {"gr\xC3\xB6\xC3\x9F"
       "e",
       true, "start `gr`; end `e`"},
      {"[[:alpha:]]x[\\]-]", true, "end `x-` `x]`"},
      {"a[\\t-\\r]b", true, "start `a`; end `b`"},
      {"a[\\t-\\n]b", true, "start `a`; end `b`"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    const auto pattern = parse_regex(c.pattern);
    CHECK((pattern ? shown(needed_literals(*pattern, c.whole)) : "") == c.expected);
  }
  CHECK(shown(needed_literals(parse_glob("*-Toasters-??x"), true)) == "end `x`; in `-toasters-`");
  CHECK(shown(needed_literals(parse_glob("a[b]{2}"), true)) == "whole `a[b]{2}`");
}

TEST_CASE("rule index: what a pattern matches has its literals and its shape") {
  Random random(1);
  std::size_t matches = 0;
  std::size_t known = 0;
  for (int i = 0; i < 2'000; ++i) {
    const PatternAndText made = Patterns(random).sequence(2);
    const bool whole = random.one_in(2);
    const auto compiled = Regex::compile(
        made.pattern, whole ? Regex::Extent::Whole : Regex::Extent::Anywhere, random.one_in(2));
    const auto* regex = std::get_if<Regex>(&compiled);
    const auto pattern = parse_regex(made.pattern);
    if (regex == nullptr || !pattern) continue;
    ++known;
    const auto needed = needed_literals(*pattern, whole);
    const ShapeTable shapes({{shape_of(*pattern), 7}});
    for (int j = 0; j < 3; ++j) {
      const std::string text = changed(random, made.text);
      if (!regex->matches(text)) continue;
      ++matches;
      CAPTURE(made.pattern);
      CAPTURE(text);
      const std::string low = folded(text);
      for (const Literals& literals : needed) {
        const auto stands = [&](const std::string& literal) {
          switch (literals.place) {
            case Literals::Place::Whole:
              return whole ? low == literal : low.find(literal) != low.npos;
            case Literals::Place::Start: return low.starts_with(literal);
            case Literals::Place::End: return low.ends_with(literal);
            default: return low.find(literal) != low.npos;
          }
        };
        CHECK(std::any_of(literals.texts.begin(), literals.texts.end(), stands));
      }
      std::vector<std::uint32_t> found;
      shapes.find(low, found);
      if (whole) CHECK(found == std::vector<std::uint32_t>{7});
    }
  }
  CHECK(known > 500);
  CHECK(matches > 500);
}

TEST_CASE("rule index: shapes tell texts apart") {
  struct Case {
    const char* pattern;
    const char* text;
    bool expected;
  };
  const Case cases[] = {
      {"[0-9]{3}[a-z]{2}", "123ab", true},
      {"[0-9]{3}[a-z]{2}", "123a7", false},
      {"[0-9]{3}[a-z]{2}", "12xab", false},
      {"[0-9]{3}[a-z]{2}", "123abc", false},
      {"[0-9]{3}[a-z]{2}", "", false},
      {"[0-9]{3,}", "12", false},
      {"[0-9]+.*", "1", true},
      {"[0-9]+.*", "x1", false},
      {".*[0-9]", "\xC3\xA4", false},
      {".*[0-9]",
       "\xC3\xA4"
       "7",
       true},
      {"[a-c]x?[0-9]{40}", "b1", false},
      {"(ab|c)[0-9]", "c1", true},
      {"(ab|c)[0-9]", "b1", false},
      {".", "\xE2\x82\xAC", true},
      {".", "abcde", false},
      {".{0,2}", "", true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    CAPTURE(c.text);
    // Beyond a word of bits, and in the order of the rules.
    std::vector<ShapeTable::Entry> entries;
    for (std::uint32_t rule = 0; rule < 70; ++rule)
      entries.push_back(
          {rule % 2 == 0 ? shape_of(*parse_regex(c.pattern)) : Shape{999, 999, {}, {}}, rule});
    std::vector<std::uint32_t> found;
    ShapeTable(entries).find(c.text, found);
    CHECK(found.size() == (c.expected ? 35U : 0U));
    CHECK(std::is_sorted(found.begin(), found.end()));
  }
}

TEST_CASE("aho-corasick: finds what looking for each text finds") {
  Random random(2);
  for (int i = 0; i < 400; ++i) {
    const std::size_t letters = random.below(3) + 1;
    const auto text = [&](std::size_t length) {
      std::string out;
      while (out.size() < length) out += static_cast<char>(0xFF - random.below(letters));
      return out;
    };
    std::vector<std::string> texts;
    for (std::size_t n = random.below(12); n > 0; --n) texts.push_back(text(random.below(9) + 1));
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    const std::string where = text(random.below(40));

    using Places = std::vector<std::pair<std::size_t, std::size_t>>;
    Places expected;
    for (std::size_t t = 0; t < texts.size(); ++t)
      for (std::size_t at = where.find(texts[t]); at != where.npos;
           at = where.find(texts[t], at + 1))
        expected.emplace_back(t, at);
    Places found;
    AhoCorasick({texts.begin(), texts.end()})
        .find(where, [&](std::size_t number, std::size_t begin, std::size_t end) {
          CHECK(end - begin == texts[number].size());
          found.emplace_back(number, begin);
        });
    std::sort(found.begin(), found.end());
    CAPTURE(where);
    CHECK(found == expected);
  }
}

TEST_CASE("rule index: hashes of values that are equal") {
  const std::pair<Json, Json> equal[] = {
      {3, 3.0},
      {0, -0.0},
      {9007199254740992, 9007199254740992.0},
      {"OVEN", "oven"},
      {true, true},
      {Json{{"a", 1}, {"b", 2}}, Json{{"b", 2.0}, {"a", 1}}},
      {Json::array({"A", 1}), Json::array({"a", 1.0})},
  };
  const auto hash = [](const Json& json) {
    const Value value(json);
    return hash_of(value, value.text() != nullptr ? folded(*value.text()) : "");
  };
  for (const auto& pair : equal) {
    CAPTURE(pair.first.dump());
    CHECK(hash(pair.first) == hash(pair.second));
  }
  CHECK(hash(3) != hash("3"));
  CHECK(hash(true) != hash(false));
}

TEST_CASE("rule index: of many rules, few are tried") {
  struct Case {
    const char* name;
    const char* match;  // `#` is the rule's number
    std::size_t candidates;
  };
  const Case cases[] = {
      {"equal", R"json({"registrationId": "Site-#-x7"})json", 1},
      {"prefix", R"json({"registrationId": {"startsWith": "site-#-"}})json", 1},
      {"suffix", R"json({"registrationId": {"endsWith": "-#-X7"}})json", 1},
      {"suffix, somewhere else", R"json({"registrationId": {"endsWith": "site-#-"}})json", 0},
      {"infix", R"json({"registrationId": {"contains": "-#-"}})json", 1},
      {"glob", R"json({"registrationId": {"glob": "*-#-??"}})json", 1},
      {"pattern", R"json({"registrationId": {"matches": "site-#-(?P<id>.*)"}})json", 1},
      {"searched pattern", R"json({"registrationId": {"search": "(?i)TE-#-[a-z]"}})json", 1},
      {"alternatives", R"json({"registrationId": {"matches": "(a#|site-#)-.*"}})json", 1},
      {"branches", R"json({"any": [{"registrationId": "a-#"}, {"payload.n": {"equals": #}}]})json",
       1},
      {"the rarer of two", R"json({"registrationId": {"startsWith": "site-"}, "payload.n": #})json",
       1},
      {"a field that is not there",
       R"json({"payload.other": {"exists": true}, "payload.n": {"gt": #}})json", 0},
      {"not", R"json({"registrationId": {"not": {"contains": "-#-"}}})json", 100},
      {"one of", R"json({"payload.n": ["x", #, true]})json", 1},
      {"no literal", R"json({"registrationId": {"matches": "[0-9]{#,}[a-z]*"}})json", 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Json rules = Json::array();
    for (int i = 100; i < 200; ++i) {
      std::string match = c.match;
      for (std::size_t at = match.find('#'); at != match.npos; at = match.find('#'))
        match.replace(at, 1, std::to_string(i));
      rules.push_back(
          {{"name", "r" + std::to_string(i)}, {"match", Json::parse(match)}, {"reject", "x"}});
    }
    const RuleSet set = rules_of(rules);
    const AllocationRequest request = sample_allocation_request(
        {.registration_id = "SITE-145-x7", .linked_hubs = {}, .payload = Json{{"n", 145}}});
    const auto tried = drained(set.index().candidates(set.fields().read(request)));
    CHECK(tried.size() == c.candidates);
    if (c.candidates == 1 && !tried.empty()) CHECK(tried[0] == 45);
  }
}

TEST_CASE("rule index: leaves out no rule that matches, and keeps their order") {
  Random random(3);
  std::size_t matched = 0;
  std::size_t tried = 0;
  std::size_t pairs = 0;
  std::size_t allocated = 0;
  for (int set = 0; set < 16; ++set) {
    RandomRules made(random);
    // Also sets that are too small for an index.
    const RuleSet rules = rules_of(made.rules(set % 10 == 0 ? 5 : 20 + random.below(60)));
    for (int i = 0; i < 25; ++i) {
      const AllocationRequest request = made.request();
      CAPTURE(request.body.dump());
      const RequestValues values = values_of(rules.fields(), request);
      const auto candidates = drained(rules.index().candidates(values.fields));
      CHECK(std::is_sorted(candidates.begin(), candidates.end(), std::less_equal<>()));
      Captures captures;
      for (std::size_t rule = 0; rule < rules.rules().size(); ++rule) {
        captures.assign(rules.rules()[rule].variables.size(), std::nullopt);
        if (!rules.rules()[rule].match.holds(values.fields, captures)) continue;
        ++matched;
        CAPTURE(rule);
        CHECK(std::binary_search(candidates.begin(), candidates.end(), rule));
      }
      tried += candidates.size();
      pairs += rules.rules().size();

      Trace trace;  // which looks at every rule
      const Decision plain = decide(rules, values, Moment(), &trace);
      const Decision indexed = decide(rules, values, Moment());
      CHECK(indexed.rule == plain.rule);
      CHECK(indexed.outcome == plain.outcome);
      CHECK(indexed.hub == plain.hub);
      CHECK(indexed.reason == plain.reason);
      if (indexed.outcome == Outcome::Allocate) ++allocated;
    }
  }
  // Otherwise little was tested.
  CHECK(matched > pairs / 50);
  CHECK(tried < pairs / 2);
  CHECK(allocated > 20);
}

}  // namespace allocd
