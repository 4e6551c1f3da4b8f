// What nobody may read is found wherever it stands, and nothing else is taken for it.
#include "daemon/redaction.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/secret_captures.h"
#include "rulefile/load_rules.h"
#include "support/certificates.h"

using namespace allocd;

namespace {

Redaction redaction_of(const std::vector<std::string>& fields) {
  std::vector<Located<std::string>> located;
  for (const std::string& field : fields) located.push_back({field, {}});
  Diagnostics diagnostics;
  const auto out = Redaction::parse(located, diagnostics);
  REQUIRE(out);
  return *out;
}

std::string after(const std::string& text, const std::string& piece) {
  const std::size_t at = text.find(piece);
  return at == std::string::npos ? "" : text.substr(at + piece.size());
}

}  // namespace

TEST_CASE("redaction: values in texts") {
  struct Case {
    std::string name;
    std::vector<std::string> secrets;
    std::string text;
    std::string expected;
  };
  const std::string long_secret = std::string(64, 'k') + "-and-the-rest-of-it";
  const Case cases[] = {
      {"none", {}, "open sesame", "open sesame"},
      {"not there", {"barley"}, "open sesame", "open sesame"},
      {"there", {"sesame"}, "open sesame", "open [redacted]"},
      {"twice", {"sesame"}, "sesame, sesame!", "[redacted], [redacted]!"},
      {"within a word", {"sesame"}, "opensesames", "open[redacted]s"},
      {"in other letters", {"SeSame"}, "open sEsAME", "open [redacted]"},
      {"one in another", {"sesame", "open sesame"}, "open sesame!", "[redacted]!"},
      {"two that overlap", {"abcde", "cdefg"}, "xabcdefgx", "x[redacted]x"},
      {"one after the other", {"abc"}, "abcabc", "[redacted]"},
      {"an empty one", {""}, "open sesame", "open sesame"},
      {"a letter hides no letters",
       {"a"},
       "a cat has a tail",
       "[redacted] cat has [redacted] tail"},
      {"two letters", {"ab"}, "ab abc cab hub-ab", "[redacted] abc cab hub-[redacted]"},
      {"a short one not in ASCII", {"é"}, "é été", "[redacted] été"},
      {"a number", {"4711"}, "is 4711", "is [redacted]"},
      {"in JSON", {"a\"b\\c"}, R"(saw "a\"b\\c")", R"(saw "[redacted]")"},
      {"in ASCII JSON", {"caf\u00e9"}, R"(saw "caf\u00E9")", R"(saw "[redacted]")"},
      {"in a URL", {"a b/c=d"}, "?x=a%20b%2Fc%3Dd&y", "?x=[redacted]&y"},
      {"made printable", {"a\nb\x1b[c"}, R"(saw a\nb\x1b[c!)", "saw [redacted]!"},
      {"a number in a text as a number",
       {"1.50"},
       "saw 1.5 and 1.50",
       "saw [redacted] and [redacted]"},
      {"an integer with zeros in front, as a number", {"007"}, "7 of 17", "[redacted] of 17"},
      {"a number that JSON does not have, as one", {"12.50e1"}, "is 125.0", "is [redacted]"},
      {"a long one", {long_secret}, "saw " + long_secret + "!", "saw [redacted]!"},
      {"a long one cut off",
       {long_secret},
       "saw " + long_secret.substr(0, 70) + "…",
       "saw [redacted]"},
      {"bytes that are no UTF-8", {"se\xffsame"}, "open se\xffsame", "open [redacted]"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Secrets secrets(c.secrets);
    CHECK(secrets.in_text(c.text) == c.expected);
  }
}

TEST_CASE("redaction: values in JSON") {
  const Secrets secrets({"sesame", "47", "1.50", "x"});
  const Json before = Json::parse(
      R"({"a":"open sesame","b":[47,470,"47",true,null,1.5],"sesame":1,"SESAME":2,"x":{"y":"x"}})");
  CHECK(secrets.in_json(before).dump() ==
        R"({"a":"open [redacted]","b":["[redacted]",470,"[redacted]",true,null,"[redacted]"],)"
        R"("[redacted]":1,"[redacted] 2":2,"[redacted] 3":{"y":"[redacted]"}})");
  CHECK(Secrets().in_json(before) == before);
}

TEST_CASE("redaction: where the values of fields stand in a request") {
  const std::string body = R"({
    "enrollmentGroup": {"enrollmentGroupId": "Group-7", "note": "mine"},
    "deviceRuntimeContext": {"registrationId": "dev-1", "payload": {
      "secret": "sesame", "n": 4711, "flag": true, "list": ["aaa", {"b": "bbb"}]}},
    "linkedHubs": ["hub-sesame", "hub-group-7"]})";
  struct Case {
    std::vector<std::string> fields;
    std::string expected;  // behind the registration ID's member name
  };
  const auto told = [](const std::string& id, const std::string& payload, const std::string& hubs) {
    return "\"" + id + "\",\"payload\":" + payload + "},\"linkedHubs\":" + hubs + "}";
  };
  const std::string payload =
      R"({"secret":"sesame","n":4711,"flag":true,"list":["aaa",{"b":"bbb"}]})";
  const std::string hubs = R"(["hub-sesame","hub-group-7"])";
  const Case cases[] = {
      {{}, told("dev-1", payload, hubs)},
      {{"payload.none"}, told("dev-1", payload, hubs)},
      {{"payload.secret"},
       told("dev-1", R"({"secret":"[redacted]","n":4711,"flag":true,"list":["aaa",{"b":"bbb"}]})",
            R"(["hub-[redacted]","hub-group-7"])")},
      {{"payload"}, told("dev-1", R"("[redacted]")", R"(["hub-[redacted]","hub-group-7"])")},
      {{"payload.n", "payload.flag", "payload.list.1"},
       told("dev-1",
            R"({"secret":"sesame","n":"[redacted]","flag":"[redacted]",)"
            R"("list":["aaa","[redacted]"]})",
            hubs)},
      {{"registrationId"}, told("[redacted]", payload, hubs)},
      {{"enrollment.id"}, told("dev-1", payload, R"(["hub-sesame","hub-[redacted]"])")},
      {{"/linkedHubs/0"}, told("dev-1", payload, R"(["[redacted]","hub-group-7"])")},
  };
  for (const Case& c : cases) {
    CAPTURE(c.fields);
    const Redaction redaction = redaction_of(c.fields);
    const std::string request = redaction.request(body).dump();
    CHECK(after(request, "\"registrationId\":") == c.expected);
    CHECK(redaction.empty() == c.fields.empty());
    CHECK(redaction.secrets_of("{\"broken").empty());
    CHECK(redaction.request("{\"broken").is_null());
  }
  const Secrets secrets = redaction_of({"payload.list"}).secrets_of(body);
  CHECK(secrets.in_text("aaa bbb ccc") == "[redacted] [redacted] ccc");
}

TEST_CASE("redaction: what a certificate says, and the certificate") {
  const allocd::test::Identity ca = allocd::test::Identity::authority("secret name");
  const Json body = {
      {"deviceRuntimeContext",
       {{"registrationId", "secret name"}, {"x509", {{"clientCertificate", ca.certificate()}}}}}};
  const Redaction redaction = redaction_of({"certificate.subject.CN"});
  CHECK(redaction.request(body.dump()).dump() ==
        R"({"deviceRuntimeContext":{"registrationId":"[redacted]",)"
        R"("x509":{"clientCertificate":"[redacted]"}}})");
  // Who hides the certificate hides what it says.
  for (const char* field : {"/deviceRuntimeContext/x509", "/deviceRuntimeContext"}) {
    CAPTURE(field);
    const Secrets secrets = redaction_of({field}).secrets_of(body.dump());
    CHECK(secrets.in_text("of secret name") == "of [redacted]");
  }
}

TEST_CASE("redaction: what a rule cuts out of a value is hidden in what it makes of it") {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", R"yaml(version: 1
rules:
  - name: r
    match:
      all: [{registrationId: {matches: "(?P<line>[a-z]+)-(?P<site>[a-z]+)-(?P<number>[0-9]+)"}}]
      any: [{payload.token: {search: "^(?P<tenant>[a-z]+)"}}, {payload.other: 1}]
    reject: no
)yaml"));
  const LoadedRules loaded = load_rules_from(files);
  REQUIRE(loaded.rules);
  struct Case {
    std::string name;
    std::vector<std::string> fields;
    std::string token;
    std::string text;
    std::string expected;
  };
  const std::string text = "oven-berlin-hub-007 of acme, 7";
  const Case cases[] = {
      {"nothing is hidden", {}, "acme-1", text, text},
      {"the field", {"payload.token"}, "acme-1", text, "oven-berlin-hub-007 of [redacted], 7"},
      {"another field",
       {"registrationId"},
       "acme-1",
       text,
       "[redacted]-[redacted]-hub-[redacted] of acme, [redacted]"},
      {"a value that is part of another field",
       {"payload.token"},
       "berlin",
       "oven-berlin-hub-007",
       "oven-[redacted]-hub-007"},
      // The registration ID holds it, and the groups cut it apart.
      {"a part of that, and what stands beside it",
       {"payload.token"},
       "n-berlin",
       "line oven, site berlin, number 007",
       "line [redacted], site [redacted], number 007"},
      {"a group that took no part", {"payload.token"}, "1", "acme 1", "acme [redacted]"},
      {"a part of the word in its place", {"payload.token"}, "act-1", "act", "[redacted]"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string body = Json{
        {"deviceRuntimeContext",
         {{"registrationId", "oven-berlin-007"}, {"payload", {{"token", c.token}, {"other", 1}}}}},
        {"linkedHubs",
         Json::array()}}.dump();
    const Secrets secrets = redaction_of(c.fields).secrets_of(body);
    const Rule& rule = loaded.rules->rules()[0];
    CHECK(with_captures(secrets, *loaded.rules, &rule, body).in_text(c.text) == c.expected);
    CHECK(with_captures(secrets, *loaded.rules, nullptr, body).in_text(c.text) ==
          secrets.in_text(c.text));
  }
}

TEST_CASE("redaction: fields that cannot be hidden") {
  struct Case {
    std::string field;
    std::string expected;
  };
  const Case cases[] = {
      {"payloda.secret",
       "error: unknown field `payloda.secret` [unknown-field]\n  = help: did you mean "
       "`payload`?\n"},
      {"attestation",
       "error: `attestation` cannot be hidden [cannot-redact]\n"
       "  = help: it is no value of the request, but says which members it has\n"},
      {"enrollment.kind",
       "error: `enrollment.kind` cannot be hidden [cannot-redact]\n"
       "  = help: it is no value of the request, but says which members it has\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.field);
    const SourceFile file("c.yaml", "c.yaml", "redact: [" + c.field + "]\n");
    Diagnostics diagnostics;
    const SourceRange range{&file, 9, static_cast<std::uint32_t>(9 + c.field.size())};
    CHECK_FALSE(Redaction::parse({{"payload.good", range}, {c.field, range}}, diagnostics));
    REQUIRE(diagnostics.all().size() == 1);
    const std::string said = render(diagnostics.all()[0]);
    const std::string first = c.expected.substr(0, c.expected.find('\n') + 1);
    CHECK(said.substr(0, said.find('\n') + 1) == "c.yaml:1:10: " + first);
    CHECK(said.ends_with(c.expected.substr(first.size() + 2)));
  }
}

TEST_CASE("redaction: fields that rules read too") {
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", R"(version: 1
rules:
  - name: a
    match:
      payload.a.b: x
      enrollment.note: y
      "/enrollmentGroup/other": z
      enrollment.id: i
    reject: no
)"));
  const LoadedRules loaded = load_rules_from(files);
  REQUIRE(loaded.rules);
  struct Case {
    std::string field;
    bool read;
  };
  const Case cases[] = {
      {"payload.a.b", true},
      {"payload.a", true},
      {"payload", true},
      {"payload.a.b.c", true},
      {"payload.a.c", false},
      {"payload.secret", false},
      {"enrollment.note", true},
      {"enrollment.notes", false},
      {"/enrollmentGroup/note", true},
      {"enrollment.other", true},
      {"enrollment.id", true},
      {"/enrollmentGroup/enrollmentGroupId", true},
      {"registrationId", true},
      {"currentDeviceId", false},
      {"/linkedHubs", false},
      {"certificate.subject.CN", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.field);
    const auto read = redaction_of({c.field}).read_by(loaded.rules->fields());
    CHECK(read == (c.read ? std::vector<std::string>{c.field} : std::vector<std::string>{}));
  }
}
