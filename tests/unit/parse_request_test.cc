// Request bodies: what is read from good ones, and what is said about bad ones.
#include "webhook/parse_request.h"

#include <chrono>
#include <string>
#include <variant>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

AllocationRequest good(std::string_view body) {
  auto parsed = parse_request(body);
  if (const auto* bad = std::get_if<BadRequest>(&parsed)) FAIL(bad->reason);
  return std::move(std::get<AllocationRequest>(parsed));
}

std::string reason(std::string_view body) {
  const auto parsed = parse_request(body);
  const auto* bad = std::get_if<BadRequest>(&parsed);
  return bad == nullptr ? "" : bad->reason;
}

std::string nested(std::size_t depth) {
  return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

std::string context(const std::string& members) {
  return R"({"deviceRuntimeContext":{)" + members + "}}";
}

}  // namespace

TEST_CASE("a request as DPS sends it") {
  const AllocationRequest request = good(R"({
    "enrollmentGroup": {
      "enrollmentGroupId": "contoso-custom-allocated-devices",
      "attestation": {"type": "symmetricKey"},
      "etag": "\"0000f176\""
    },
    "deviceRuntimeContext": {
      "registrationId": "Breakroom499-contoso-tstrsd-007",
      "currentIotHubHostName": "contoso-toasters-hub-1098.azure-devices.net",
      "currentDeviceId": "breakroom499-contoso-tstrsd-007",
      "symmetricKey": {},
      "payload": {"firmware": "12.0.2.5"}
    },
    "linkedHubs": ["b.azure-devices.net", "a.azure-devices.net"],
    "newMember": {"unknown": [1, 2.5, true, null]}
  })");
  CHECK(request.registration_id == "Breakroom499-contoso-tstrsd-007");
  CHECK(request.linked_hubs ==
        std::vector<std::string>{"b.azure-devices.net", "a.azure-devices.net"});
  REQUIRE(request.enrollment() != nullptr);
  CHECK(request.enrollment()->at("enrollmentGroupId") == "contoso-custom-allocated-devices");
  CHECK(request.body.at("newMember").dump() == R"({"unknown":[1,2.5,true,null]})");
}

TEST_CASE("bodies that are requests, if odd ones") {
  struct Case {
    std::string name;
    std::string body;
    std::string kept;  // the body as it is understood
  };
  const Case cases[] = {
      {"empty", "{}", "{}"},
      {"blanks around", " \t\r\n{ } \n", "{}"},
      {"byte order mark", "\xEF\xBB\xBF{}", "{}"},
      {"all null", R"({"deviceRuntimeContext":null,"linkedHubs":null,"enrollmentGroup":null})",
       R"({"deviceRuntimeContext":null,"linkedHubs":null,"enrollmentGroup":null})"},
      {"null inside", context(R"("registrationId":null,"payload":null,"x509":null)"),
       context(R"("registrationId":null,"payload":null,"x509":null)")},
      {"null IDs",
       R"({"enrollmentGroup":{"enrollmentGroupId":null},"individualEnrollment":{"registrationId":null}})",
       R"({"enrollmentGroup":{"enrollmentGroupId":null},"individualEnrollment":{"registrationId":null}})"},
      {"both enrollments", R"({"enrollmentGroup":{},"individualEnrollment":{}})",
       R"({"enrollmentGroup":{},"individualEnrollment":{}})"},
      {"no hubs", R"({"linkedHubs":[]})", R"({"linkedHubs":[]})"},
      {"a payload that is no object", context(R"("payload":[1,"x"])"),
       context(R"("payload":[1,"x"])")},
      {"letter case counts", R"({"LinkedHubs":1,"deviceruntimecontext":2})",
       R"({"LinkedHubs":1,"deviceruntimecontext":2})"},
      {"an enrollment lenient inside", R"({"enrollmentGroup":{"attestation":1,"initialTwin":[]}})",
       R"({"enrollmentGroup":{"attestation":1,"initialTwin":[]}})"},
      {"64 levels", nested(64), nested(64)},
      {"twice in the payload: the last, in the first's place",
       context(R"("payload":{"a":1,"b":2,"a":3})"), context(R"("payload":{"a":3,"b":2})")},
      {"twice in the payload, by an escape", context(R"("payload":{"a":1,"\u0061":[2]})"),
       context(R"("payload":{"a":[2]})")},
      {"twice, deep in the payload",
       context(R"("payload":[{"x":{"a":{"old":1},"a":{"b":1,"b":2}}}])"),
       context(R"("payload":[{"x":{"a":{"b":2}}}])")},
      {"the same name in two objects", R"({"a":{"x":1},"b":{"x":1}})",
       R"({"a":{"x":1},"b":{"x":1}})"},
      {"large numbers", R"({"a":18446744073709551615,"b":-9223372036854775808,"c":1e308})",
       R"({"a":18446744073709551615,"b":-9223372036854775808,"c":1e+308})"},
      {"too small a number is zero", R"({"a":1e-400})", R"({"a":0.0})"},
      {"surrogate pair", R"({"a":"\ud83d\ude00"})", "{\"a\":\"\xF0\x9F\x98\x80\"}"},
      {"escaped NUL", R"({"a":"x\u0000y"})", R"({"a":"x\u0000y"})"},
      {"empty name", R"({"":1})", R"({"":1})"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(good(c.body).body.dump() == c.kept);
  }
}

TEST_CASE("a registrationId may be empty, or not there") {
  CHECK(good(context(R"("registrationId":"")")).registration_id == "");
  CHECK_FALSE(good(context("")).registration_id);
  CHECK_FALSE(good("{}").linked_hubs);
  CHECK(good(R"({"linkedHubs":[]})").linked_hubs->empty());
}

TEST_CASE("what is said about bodies that are no requests") {
  struct Case {
    std::string name;
    std::string body;
    std::string reason;
  };
  const auto not_json = [](const std::string& what) { return "The body is not JSON: " + what; };
  const Case cases[] = {
      // Not JSON.
      {"empty", "", "The body is empty."},
      {"blanks", " \n ", not_json("unexpected end of input at byte 4.")},
      {"only a byte order mark", "\xEF\xBB\xBF", not_json("unexpected end of input at byte 4.")},
      {"half a byte order mark", "\xEF\xBB{}", "The body is not UTF-8 at byte 1."},
      {"UTF-16", std::string("{\0}\0", 4), not_json("a NUL at byte 2.")},
      {"UTF-16 with its mark", std::string("\xFF\xFE{\0}\0", 6),
       "The body is not UTF-8 at byte 1."},
      {"text", "hello", not_json("unexpected `h` at byte 1.")},
      {"form", "a=b", not_json("unexpected `a` at byte 1.")},
      {"XML", "<a/>", not_json("unexpected `<` at byte 1.")},
      {"cut", R"({"linkedHubs":["a)", not_json("unexpected end of input at byte 18.")},
      {"cut after a name", R"({"linkedHubs")", not_json("unexpected end of input at byte 14.")},
      {"cut in a word", R"({"a":tru)", not_json("unexpected end of input at byte 9.")},
      {"cut in a number", R"({"a":-)", not_json("unexpected end of input at byte 7.")},
      {"cut in an escape", R"({"a":"\u00)", not_json("unexpected end of input at byte 11.")},
      {"brace too many", "{}}", not_json("unexpected `}` at byte 3.")},
      {"a second value", "{} {}", not_json("unexpected `{` at byte 4.")},
      {"text behind", "{}x", not_json("unexpected `x` at byte 3.")},
      {"NUL behind", std::string("{}\0", 3), not_json("a NUL at byte 3.")},
      {"NUL and more behind", std::string("{}\0{", 4), not_json("a NUL at byte 3.")},
      {"NUL in a text", std::string("{\"a\":\"\0\"}", 9), not_json("a NUL at byte 7.")},
      {"line feed in a text", "{\"a\":\"\n\"}", not_json("unexpected `\\n` at byte 7.")},
      {"escape character in a text", "{\"a\":\"\x1b[2J\"}",
       not_json("unexpected `\\x1b` at byte 7.")},
      {"comma at the end", R"({"a":1,})", not_json("unexpected `}` at byte 8.")},
      {"comma at a list's end", R"({"a":[1,]})", not_json("unexpected `]` at byte 9.")},
      {"no colon", R"({"a" 1})", not_json("unexpected `1` at byte 6.")},
      {"name without quotes", "{a:1}", not_json("unexpected `a` at byte 2.")},
      {"single quotes", "{'a':1}", not_json("unexpected `'` at byte 2.")},
      {"number as name", "{1:1}", not_json("unexpected `1` at byte 2.")},
      {"comment", "{} // x", not_json("unexpected `/` at byte 4.")},
      {"comment inside", "{/**/}", not_json("unexpected `/` at byte 2.")},
      {"NaN", R"({"a":NaN})", not_json("unexpected `N` at byte 6.")},
      {"Infinity", R"({"a":-Infinity})", not_json("unexpected `I` at byte 7.")},
      {"hexadecimal", R"({"a":0x10})", not_json("unexpected `x` at byte 7.")},
      {"zero in front", R"({"a":01})", not_json("unexpected `1` at byte 7.")},
      {"plus in front", R"({"a":+1})", not_json("unexpected `+` at byte 6.")},
      {"point in front", R"({"a":.5})", not_json("unexpected `.` at byte 6.")},
      {"point at the end", R"({"a":1.})", not_json("unexpected `}` at byte 8.")},
      {"wrong escape", R"({"a":"\x41"})", not_json("unexpected `x` at byte 8.")},
      {"wrong unicode escape", R"({"a":"\u00g0"})", not_json("unexpected `g` at byte 11.")},
      {"lone high surrogate", R"({"a":"\ud800"})",
       not_json("half of a surrogate pair at byte 13.")},
      {"lone low surrogate", R"({"a":"\udc00"})", not_json("half of a surrogate pair at byte 12.")},
      {"two high surrogates", R"({"a":"\ud800\ud800"})",
       not_json("half of a surrogate pair at byte 18.")},
      {"True", R"({"a":True})", not_json("unexpected `T` at byte 6.")},
      {"a wide character", "{\xE2\x82\xAC}", not_json("unexpected `\xE2\x82\xAC` at byte 2.")},
      {"brackets that do not fit", R"({"a":[}])", not_json("unexpected `}` at byte 7.")},
      // Not UTF-8.
      {"Latin-1", "{\"a\":\"\xE9\"}", "The body is not UTF-8 at byte 7."},
      {"overlong", "{\"a\":\"\xC0\xAF\"}", "The body is not UTF-8 at byte 7."},
      {"surrogate in UTF-8", "{\"a\":\"\xED\xA0\x80\"}", "The body is not UTF-8 at byte 7."},
      {"beyond Unicode", "{\"a\":\"\xF5\x80\x80\x80\"}", "The body is not UTF-8 at byte 7."},
      {"cut sequence", "{\"a\":\"\xE2\x82", "The body is not UTF-8 at byte 7."},
      {"broken name", "{\"\xFF\":1}", "The body is not UTF-8 at byte 3."},
      // Numbers, depth.
      {"number too large", R"({"a":1e400})",
       "The body has a number beyond what can be held, at byte 10."},
      {"negative too large", R"({"a":-1e400})",
       "The body has a number beyond what can be held, at byte 11."},
      {"65 levels", nested(65), "The body has more than 64 objects and lists inside one another."},
      {"100,000 levels", std::string(100'000, '['),
       "The body has more than 64 objects and lists inside one another."},
      {"100,000 objects",
       [] {
         std::string text;
         for (int i = 0; i < 100'000; ++i) text += R"({"a":)";
         return text;
       }(),
       "The body has more than 64 objects and lists inside one another."},
      // Not an object.
      {"list", "[]", "The body must be a JSON object, not a list."},
      {"text value", R"("x")", "The body must be a JSON object, not a text."},
      {"number", "12", "The body must be a JSON object, not a number."},
      {"bool", "true", "The body must be a JSON object, not a bool."},
      {"null", "null", "The body must be a JSON object, not null."},
      // Members twice.
      {"hubs twice", R"({"linkedHubs":[],"linkedHubs":["x"]})",
       "The body has the member `linkedHubs` twice."},
      {"twice by an escape", R"({"linkedHubs":[],"linked\u0048ubs":[]})",
       "The body has the member `linkedHubs` twice."},
      {"an unknown member twice", R"({"x":1,"x":1})", "The body has the member `x` twice."},
      {"context twice", R"({"deviceRuntimeContext":{},"deviceRuntimeContext":{}})",
       "The body has the member `deviceRuntimeContext` twice."},
      {"registrationId twice", context(R"("registrationId":"a","registrationId":"b")"),
       "`deviceRuntimeContext` has the member `registrationId` twice."},
      {"null first", context(R"("registrationId":null,"registrationId":"b")"),
       "`deviceRuntimeContext` has the member `registrationId` twice."},
      {"payload twice", context(R"("payload":{},"payload":{})"),
       "`deviceRuntimeContext` has the member `payload` twice."},
      {"twice in attestation", R"({"enrollmentGroup":{"attestation":{"type":1,"type":2}}})",
       "`enrollmentGroup.attestation` has the member `type` twice."},
      {"twice in x509", context(R"("x509":{"clientCertificate":"","clientCertificate":""})"),
       "`deviceRuntimeContext.x509` has the member `clientCertificate` twice."},
      {"twice in a list", R"({"a":[0,[{"b":1,"b":2}]]})", "`a[1][0]` has the member `b` twice."},
      {"twice in a payload that is not the device's", R"({"payload":{"a":1,"a":2}})",
       "`payload` has the member `a` twice."},
      {"twice among many",
       [] {
         std::string text = "{";
         for (int i = 0; i < 40; ++i) text += "\"m" + std::to_string(i) + "\":1,";
         return text + R"("m3":1})";
       }(),
       "The body has the member `m3` twice."},
      // Wrong types.
      {"context is a list", R"({"deviceRuntimeContext":[]})",
       "`deviceRuntimeContext` must be an object, not a list."},
      {"context is false", R"({"deviceRuntimeContext":false})",
       "`deviceRuntimeContext` must be an object, not a bool."},
      {"ID is a number", context(R"("registrationId":7)"),
       "`deviceRuntimeContext.registrationId` must be a text, not a number."},
      {"ID is an object", context(R"("registrationId":{})"),
       "`deviceRuntimeContext.registrationId` must be a text, not an object."},
      {"current hub", context(R"("currentIotHubHostName":["h"])"),
       "`deviceRuntimeContext.currentIotHubHostName` must be a text, not a list."},
      {"current device", context(R"("currentDeviceId":1.5)"),
       "`deviceRuntimeContext.currentDeviceId` must be a text, not a number."},
      {"symmetricKey", context(R"("symmetricKey":"k")"),
       "`deviceRuntimeContext.symmetricKey` must be an object, not a text."},
      {"x509", context(R"("x509":[])"),
       "`deviceRuntimeContext.x509` must be an object, not a list."},
      {"tpm", context(R"("tpm":true)"),
       "`deviceRuntimeContext.tpm` must be an object, not a bool."},
      {"hubs are a text", R"({"linkedHubs":"h"})", "`linkedHubs` must be a list, not a text."},
      {"hubs are an object", R"({"linkedHubs":{"0":"h"}})",
       "`linkedHubs` must be a list, not an object."},
      {"a hub is a number", R"({"linkedHubs":["h",1]})",
       "`linkedHubs[1]` must be a text, not a number."},
      {"a hub is null", R"({"linkedHubs":[null]})", "`linkedHubs[0]` must be a text, not null."},
      {"a hub is an object", R"({"linkedHubs":[{"name":"h"}]})",
       "`linkedHubs[0]` must be a text, not an object."},
      {"group is a text", R"({"enrollmentGroup":"g"})",
       "`enrollmentGroup` must be an object, not a text."},
      {"individual is a list", R"({"individualEnrollment":[]})",
       "`individualEnrollment` must be an object, not a list."},
      {"group ID", R"({"enrollmentGroup":{"enrollmentGroupId":1}})",
       "`enrollmentGroup.enrollmentGroupId` must be a text, not a number."},
      {"individual ID", R"({"individualEnrollment":{"registrationId":{}}})",
       "`individualEnrollment.registrationId` must be a text, not an object."},
      {"two mistakes: the first of them", R"({"linkedHubs":1,"deviceRuntimeContext":1})",
       "`deviceRuntimeContext` must be an object, not a number."},
  };
  static_assert(std::size(cases) >= 60);
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(reason(c.body) == c.reason);
  }
}

TEST_CASE("a reason quotes little of the body") {
  const std::string name(100'000, 'n');
  const std::string said = reason("{\"" + name + "\":{\"" + name + "\":1,\"" + name + "\":2}}");
  CHECK(said.size() < 600);
  CHECK(said.find("has the member") != std::string::npos);
  CHECK(reason("{\"a\\u001b[2J\":1,\"a\\u001b[2J\":1}") ==
        "The body has the member `a\\x1b[2J` twice.");
}

// How long it takes stands in tests/bench (parse_many_members).
TEST_CASE("an object with very many members is read, the last of two with the same name") {
  std::string members;
  for (int i = 0; i < 50'000; ++i) members += "\"" + std::to_string(i % 30'000) + "\":1,";
  members.pop_back();
  const AllocationRequest request = good(context("\"payload\":{" + members + "}"));
  CHECK(request.body.at("deviceRuntimeContext").at("payload").size() == 30'000);
}
