// The small parts of the rule language, each as a table.
#include <doctest/doctest.h>

#include "policy/field.h"
#include "policy/glob.h"
#include "policy/regex.h"
#include "policy/twin_limits.h"
#include "policy/value.h"
#include "policy/version_range.h"

namespace allocd {

TEST_CASE("glob: a pattern is held against the whole text") {
  struct Case {
    const char* pattern;
    const char* text;
    bool ignore_case;
    bool expected;
  };
  const Case cases[] = {
      {"", "", false, true},
      {"", "a", false, false},
      {"*", "", false, true},
      {"**", "abc", false, true},
      {"?", "", false, false},
      {"?", "a", false, true},
      {"?", "ä", false, true},
      {"??", "ä", false, false},
      {"?*?", "ab", false, true},
      {"a*b*c", "axxbxxbc", false, true},
      {"a*b*c", "axxbxxb", false, false},
      {"*-toasters-*", "contoso-toasters-hub", false, true},
      {"*-toasters-*", "contoso-Toasters-hub", false, false},
      {"*-toasters-*", "contoso-Toasters-hub", true, true},
      {"*-TOASTERS-*", "contoso-Toasters-hub", true, true},
      {"*-TOASTERS-*", "contoso-toasters-hub", false, false},
      {"*-b*", "a-a-B", true, true},
      {"*-b", "a-b-", true, false},
      {"a*", "abc", false, true},
      {"*?b*", "äb", false, true},
      {"a.b", "axb", false, false},
      {"[ab]", "a", false, false},
      {"[ab]", "[ab]", false, true},
      {"*aaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    CAPTURE(c.text);
    CHECK(Glob(c.pattern, c.ignore_case).matches(c.text) == c.expected);
  }
}

TEST_CASE("glob: text that is appended has no special characters") {
  Glob glob("hub-", true);
  glob.append_text("*");
  glob.append_pattern("?");
  CHECK(glob.matches("HUB-*x"));
  CHECK_FALSE(glob.matches("hub-yx"));
}

TEST_CASE("version range: dotted numbers part by part") {
  struct Case {
    const char* range;
    const char* version;
    bool expected;
  };
  const Case cases[] = {
      {">=12.0.2 <13", "12.0.2", true},
      {">=12.0.2 <13", "12.0.2.5", true},
      {">=12.0.2 <13", "12.0.1.99", false},
      {">=12.0.2 <13", "13", false},
      {">=12.0.2 <13", "13.0.0", false},
      {"12", "12.0.0", true},
      {"=12.0", "12", true},
      {"==12.0", "12.0.1", false},
      {"!=12", "12.0", false},
      {"<=1.10", "1.9", true},
      {">1.9", "1.10", true},
      {">1.9", "1.09", false},
      {"1.9", "1.09", true},
      {">= 1.0", "1.0", true},
      {"  >1   <3 ", "2", true},
      {">99999999999999999999999", "100000000000000000000000", true},
      {">1", "", false},
      {">1", "2-beta", false},
      {">1", "v2", false},
      {">1", "2.", false},
      {">1", ".2", false},
      {">1", "2..1", false},
      {">1", " 2", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.range);
    CAPTURE(c.version);
    const auto range = VersionRange::parse(c.range);
    REQUIRE(std::holds_alternative<VersionRange>(range));
    CHECK(std::get<VersionRange>(range).contains(c.version) == c.expected);
  }
  for (const char* bad :
       {"", " ", ">=", ">=a", "1.2-beta", ">=1,<2", "~1", "^1.2", "1 || 2", ">=1.", "=>1"}) {
    CAPTURE(bad);
    CHECK(std::holds_alternative<VersionError>(VersionRange::parse(bad)));
  }
}

TEST_CASE("value: numbers are compared exactly, whatever their kind") {
  struct Case {
    Json a;
    Json b;
    std::partial_ordering expected;
  };
  const auto less = std::partial_ordering::less;
  const auto equal = std::partial_ordering::equivalent;
  const auto greater = std::partial_ordering::greater;
  const Case cases[] = {
      {3, 3.0, equal},
      {3, 3.5, less},
      {-3, -3.5, greater},
      {3U, -1, greater},
      {-1, 18446744073709551615U, less},
      {9007199254740993, 9007199254740992.0, greater},  // 2^53 + 1 has no double
      {9223372036854775807, 9223372036854775808.0, less},
      {18446744073709551615U, 18446744073709551616.0, less},
      {0U, -0.5, greater},
      {0, -0.0, equal},
      {1, 1e308, less},
      {-1, -1e308, greater},
  };
  for (const Case& c : cases) {
    CAPTURE(c.a.dump());
    CAPTURE(c.b.dump());
    CHECK(Value(c.a).compare(Value(c.b)) == c.expected);
    CHECK(Value(c.b).compare(Value(c.a)) == 0 <=> c.expected);
    CHECK(Value(c.a).equals(Value(c.b)) == (c.expected == equal));
  }
  CHECK_FALSE(Value(Json(1)).compare(Value(Json("1"))).has_value());
  CHECK_FALSE(Value(Json(true)).compare(Value(Json(1))).has_value());
}

TEST_CASE("value: equality knows JSON types") {
  const Json three = 3;
  CHECK_FALSE(Value(three).equals(Value(Json("3"))));
  CHECK_FALSE(Value(Json(true)).equals(Value(Json(1))));
  CHECK_FALSE(Value(Json(nullptr)).equals(Value(Json(nullptr))));
  CHECK_FALSE(Value(Json(false)).equals(Value()));
  CHECK(Value(Json::parse(R"({"a":1,"b":[2.0]})"))
            .equals(Value(Json::parse(R"({"b":[2],"a":1.0})"))));
  CHECK_FALSE(Value(Json::parse("[1,null]")).equals(Value(Json::parse("[1]"))));
  CHECK_FALSE(Value(Json::parse(R"({"a":null})")).equals(Value(Json::parse(R"({"b":null})"))));
  CHECK_FALSE(Value(Json::parse("[]")).equals(Value(Json::parse("{}"))));
  CHECK(allocd::equal(Value(Json::parse(R"(["A"])")), Value(Json::parse(R"(["a"])")), true));
}

TEST_CASE("field: names and where they lead") {
  struct Case {
    const char* name;
    FieldRoot root;
    std::vector<std::string> path;
    bool ignores_case;
  };
  const Case cases[] = {
      {"registrationId", FieldRoot::Request, {"deviceRuntimeContext", "registrationId"}, true},
      {"payload", FieldRoot::Request, {"deviceRuntimeContext", "payload"}, false},
      {"payload.a.0", FieldRoot::Request, {"deviceRuntimeContext", "payload", "a", "0"}, false},
      {"currentHub", FieldRoot::Request, {"deviceRuntimeContext", "currentIotHubHostName"}, true},
      {"currentDeviceId", FieldRoot::Request, {"deviceRuntimeContext", "currentDeviceId"}, true},
      {"attestation", FieldRoot::Attestation, {}, false},
      {"enrollment", FieldRoot::Enrollment, {}, false},
      {"enrollment.id", FieldRoot::EnrollmentId, {"id"}, true},
      {"enrollment.kind", FieldRoot::EnrollmentKind, {"kind"}, false},
      {"enrollment.iotHubs.1", FieldRoot::Enrollment, {"iotHubs", "1"}, true},
      {"enrollment.reprovisionPolicy.migrateDeviceData",
       FieldRoot::Enrollment,
       {"reprovisionPolicy", "migrateDeviceData"},
       false},
      {"/a~1b/~0c/", FieldRoot::Request, {"a/b", "~c", ""}, false},
      {"certificate.subject.CN", FieldRoot::Certificate, {}, false},
      {"certificate.sha1", FieldRoot::Certificate, {}, true},
      {"certificate.serialNumber", FieldRoot::Certificate, {}, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto parsed = parse_field(c.name);
    REQUIRE(std::holds_alternative<Field>(parsed));
    const Field& field = std::get<Field>(parsed);
    CHECK(field.root == c.root);
    CHECK(field.path == c.path);
    CHECK(field.ignores_case == c.ignores_case);
  }
  struct Bad {
    const char* name;
    const char* message;
    const char* help;
  };
  const Bad bad[] = {
      {"registrationIdd", "unknown field `registrationIdd`", "did you mean `registrationId`?"},
      {"", "unknown field ``",
       "one of `registrationId`, `payload`, `currentHub`, `currentDeviceId`, `attestation`, "
       "`enrollment`, `certificate`"},
      {"certificate.subject.Cn", "unknown field `certificate.subject.Cn`",
       "did you mean `certificate.subject.CN`?"},
      {"registrationId.x", "unknown field `registrationId.x`",
       "`registrationId` is a text and has no members"},
      {"payload.", "empty name between dots in field `payload.`",
       "a member without a name is reached by a JSON Pointer, as in `\"/a//b\"`"},
      {"/a~2", "bad JSON Pointer `/a~2`",
       "`~` is written `~0`, and a `/` inside a name `~1` (RFC 6901)"},
  };
  for (const Bad& b : bad) {
    CAPTURE(b.name);
    const auto parsed = parse_field(b.name);
    REQUIRE(std::holds_alternative<FieldError>(parsed));
    CHECK(std::get<FieldError>(parsed).message == b.message);
    CHECK(std::get<FieldError>(parsed).help == b.help);
  }
}

TEST_CASE("regex: alternatives are kept apart without changing what they mean") {
  struct Case {
    const char* pattern;
    const char* expected;
  };
  const Case cases[] = {
      {"a", "a"},
      {"a|b", "a|(?:)b"},
      {"(a|b)|c", "(a|(?:)b)|(?:)c"},
      {"[|]", "[|]"},
      {"[]|]|x", "[]|]|(?:)x"},
      {"[^]|]|x", "[^]|]|(?:)x"},
      {"[[:alpha:]|]|x", "[[:alpha:]|]|(?:)x"},
      {"\\||x", "\\||(?:)x"},
      {"\\Q|\\E|x", "\\Q|\\E|(?:)x"},
      {"[\\]|]|x", "[\\]|]|(?:)x"},
      {"\\Q|", "\\Q|"},
      {"a|", "a|(?:)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    CHECK(keep_alternatives_apart(c.pattern) == c.expected);
  }
}

TEST_CASE("regex: letters that an old RE2 loses are found") {
  struct Case {
    const char* pattern;
    const char* text;
  };
  const Case cases[] = {
      {"0a|0[aA]", "0A"}, {"dev-a|dev-[aA]", "dev-A"}, {"0a|0(?i:a)", "0A"},    {"a|[aA]", "A"},
      {"a|b|[Bb]", "B"},  {"(x|y)(a|[aA])", "yA"},     {"(?i:(?-i:k)|k)", "K"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    const auto regex = Regex::compile(c.pattern, Regex::Extent::Whole, false);
    REQUIRE(std::holds_alternative<Regex>(regex));
    CHECK(std::get<Regex>(regex).matches(c.text));
  }
  // The pattern as written is what is judged: the kept-apart one would be fine.
  CHECK(std::holds_alternative<RegexError>(Regex::compile("a|*b", Regex::Extent::Whole, false)));
}

TEST_CASE("twin limits: sizes count as IoT Hub counts them") {
  const auto violation = [](const Json& section) {
    return twin_violation(section, "tags", TwinLimits::kTagsBytes);
  };
  // Key and value, 8 for a number, 4 for a bool, control characters for nothing.
  Json exact = Json::object();
  for (const char* key : {"a", "b", "c", "d"}) exact[key] = std::string(2047, 'x');
  CHECK_FALSE(violation(exact).has_value());
  exact["a"] = std::string(2047, 'x') + "\x01\xc2\x80";
  CHECK_FALSE(violation(exact).has_value());
  Json with_bool = exact;
  with_bool["e"] = true;
  CHECK(violation(with_bool) == "`tags` takes 8197 bytes, and a twin holds at most 8192");
  CHECK(violation({{"k", std::string(4097, 'x')}}) == "`tags` has a text longer than 4 KB");
  CHECK_FALSE(violation({{"k", std::string(4096, 'x')}}).has_value());
  CHECK(violation({{"a.b", 1}}) == "`tags` has the key `a.b`; keys have no `.`, `$` or space");
  CHECK(violation({{std::string("a\x01"), 1}}) ==
        "`tags` has the key `a\\x01`, which has a control character");
  CHECK_FALSE(violation({{std::string(1024, 'k'), 1}}).has_value());
  CHECK(violation({{std::string(1025, 'k'), 1}}).has_value());
  CHECK(violation({{"n", {1, nullptr}}}) == "`tags` has null, which an initial twin cannot hold");
  CHECK_FALSE(violation({{"n", -4503599627370496}}).has_value());
  CHECK(violation({{"n", -4503599627370497}}).has_value());
  CHECK(violation({{"n", 18446744073709551615U}}).has_value());
  CHECK_FALSE(violation({{"n", 4503599627370495.0}}).has_value());
  CHECK_FALSE(violation({{"n", 0.1}}).has_value());
  CHECK(violation({{"n", 1e18}}).has_value());  // a whole number, however it is written
}

}  // namespace allocd
