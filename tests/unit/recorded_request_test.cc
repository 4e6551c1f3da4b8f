// Files of recorded requests cut into pieces, the bodies in them, and what their enrollment says
// about devices that come back.
#include "webhook/recorded_request.h"

#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "webhook/raw_member.h"
#include "webhook/reprovisioning.h"
#include "webhook/request_pieces.h"

namespace allocd {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text + '|';
  return out;
}

// "line@offset text" or "line@offset !why" for each piece, fed `step` bytes at a time.
std::string pieces_of(std::string_view text, std::size_t step) {
  std::vector<std::string> out;
  RequestPieces pieces([&](const RequestPiece& piece) {
    out.push_back(
        std::to_string(piece.line) + '@' + std::to_string(piece.offset) + ' ' +
        (piece.broken.empty() ? std::string(piece.text) : '!' + std::string(piece.broken)));
    if (piece.broken.empty()) CHECK(text.substr(piece.offset).starts_with(piece.text));
  });
  for (std::size_t at = 0; at < text.size(); at += step) pieces.feed(text.substr(at, step));
  pieces.finish();
  return joined(out);
}

std::string body_in(std::string_view value) {
  const auto recorded = recorded_request(value);
  if (const auto* none = std::get_if<NoRequest>(&recorded)) return '!' + std::string(none->reason);
  if (const auto* own = std::get_if<std::string>(&recorded)) return "own " + *own;
  return std::string(std::get<std::string_view>(recorded));
}

}  // namespace

TEST_CASE("request pieces: files of all kinds are cut into their values") {
  using namespace std::string_literals;
  struct Case {
    const char* name;
    std::string text;
    std::vector<std::string> expected;
  };
  const Case cases[] = {
      {"nothing", "", {}},
      {"white space", " \n\r\n\t\n", {}},
      {"one line", "{\"a\":1}\n", {"1@0 {\"a\":1}"}},
      {"no line break at the end", "{\"a\":1}\n{\"b\":2}", {"1@0 {\"a\":1}", "2@8 {\"b\":2}"}},
      {"Windows' line ends", "{\"a\":1}\r\n{\"b\":2}\r\n", {"1@0 {\"a\":1}", "2@9 {\"b\":2}"}},
      {"empty lines between", "\n{}\n\n{}\n", {"2@1 {}", "4@5 {}"}},
      {"two on a line", "{} {}\n", {"1@0 {}", "1@3 {}"}},
      {"brackets and quotes in texts",
       "{\"a\":\"}]{[\\\"\"}\n{\"b\":\"\\\\\"}\n",
       {"1@0 {\"a\":\"}]{[\\\"\"}", "2@15 {\"b\":\"\\\\\"}"}},
      {"over several lines",
       "{\n  \"a\": {\n  },\n  \"b\": [\n  ]\n}\n{}\n",
       {"1@0 {\n  \"a\": {\n  },\n  \"b\": [\n  ]\n}", "7@31 {}"}},
      {"a brace alone in the first column", "{\"a\":\n{\n}\n}\n", {"1@0 {\"a\":\n{\n}\n}"}},
      {"a list",
       "[\n  {\"a\":1},\n  {\"b\":[2]}\n]\n{}",
       {"2@4 {\"a\":1}", "3@15 {\"b\":[2]}", "5@27 {}"}},
      {"an empty list", "[]", {}},
      {"other things in a list",
       "[1, \"x\",[2,3],{}]",
       {"1@1 1", "1@4 \"x\"", "1@8 [2,3]", "1@14 {}"}},
      {"a list that is cut off",
       "\n[{},\n{}",
       {"2@2 {}", "3@6 {}", "2@1 !the list that begins here is never closed"}},
      {"a line of something else", "oops\n{}\n", {"1@0 oops", "2@5 {}"}},
      {"something behind a value", "{} x\n{}\n", {"1@0 {}", "1@3 x", "2@5 {}"}},
      {"brackets that close nothing", "}\n]\n{}", {"1@0 }", "2@2 ]", "3@4 {}"}},
      {"a line that is cut off in a text",
       "{\"a\":\"x\n{\"b\":2}\n",
       {"1@0 !it is cut off in the middle of a text", "2@8 {\"b\":2}"}},
      {"a line that is cut off elsewhere",
       "{\"a\":[\n{\"b\":2}\n{\"c\":\n",
       {"1@0 !it is cut off", "2@7 {\"b\":2}", "3@15 !it is cut off"}},
      {"the end in a text", "{\"a\":\"x", {"1@0 !it is cut off in the middle of a text"}},
      {"the end behind a backslash",
       "{\"a\":\"x\\",
       {"1@0 !it is cut off in the middle of a text"}},
      {"the end behind a brace", "{\"a\":1,\n{", {"1@0 !it is cut off"}},
      {"NUL bytes", "\0\0\n{}"s, {"1@0 \0\0"s, "2@3 {}"}},
      {"bytes of no text", "\xff\xfe{\n{}", {"1@0 \xff\xfe{", "2@4 {}"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(pieces_of(c.text, c.text.size() + 1) == joined(c.expected));
    // However they come in.
    for (std::size_t step = 1; step < 8; ++step) {
      CAPTURE(step);
      CHECK(pieces_of(c.text, step) == joined(c.expected));
    }
  }
  for (const std::size_t step : {1U, 2U, 3U, 100U}) {
    CAPTURE(step);
    CHECK(pieces_of("\xEF\xBB\xBF{}\n", step) == "1@3 {}|");
    CHECK(pieces_of("\xEF\xBB", step) == "1@0 \xEF\xBB|");
  }
}

TEST_CASE("request pieces: what is too long is not kept, and costs no other line") {
  const std::string text =
      "{}\n{\"a\":\"" + std::string(RequestPieces::kMaxPieceBytes, 'x') + "\"}\n{\"b\":2}\n";
  const std::vector<std::string> expected = {"1@0 {}", "2@3 !it is longer than 4 MiB",
                                             "3@" + std::to_string(text.size() - 8) + " {\"b\":2}"};
  for (const std::size_t step : {std::size_t{1000}, std::size_t{1} << 16U, text.size()})
    CHECK(pieces_of(text, step) == joined(expected));
}

TEST_CASE("recorded request: the body in what was recorded") {
  struct Case {
    const char* name;
    const char* value;
    const char* expected;
  };
  const char* body = R"({"enrollmentGroup":{},"deviceRuntimeContext":{"registrationId":"a"}})";
  const Case cases[] = {
      {"a body", body, body},
      {"a body with a member of that name", R"({"request":{"x":1},"deviceRuntimeContext":{}})",
       R"({"request":{"x":1},"deviceRuntimeContext":{}})"},
      {"a record", R"({"id":"1","outcome":"allocate","request": {"x":[1,{}]} ,"response":{}})",
       R"({"x":[1,{}]})"},
      {"a record, its request first", R"({"request":{"x":1},"outcome":"reject"})", R"({"x":1})"},
      {"a request that was no JSON", R"({"request":"{\"a\":","outcome":"reject"})", "own {\"a\":"},
      {"a record without request", R"({"id":"1","outcome":"allocate","registrationId":"a"})",
       "!it is a record of a decision without the request"},
      {"a record whose request is null", R"({"request":null,"outcome":"allocate"})",
       "!it is a record of a decision without the request"},
      {"something else", R"({"a":1})", R"({"a":1})"},
      {"no object", "[1", "[1"},
      {"cut off", R"({"a":{)", R"({"a":{)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(body_in(c.value) == c.expected);
  }
}

TEST_CASE("raw members: found as they are written, in whatever stands there") {
  const char* object = R"( { "a" : "x\"}" , "b":{"c":[1,"]"]},"\u0064":-1.5e3,"e":null,"a":2 } )";
  CHECK(raw_member(object, "a") == R"("x\"}")");
  CHECK(raw_member(object, "b") == R"({"c":[1,"]"]})");
  CHECK(raw_member(object, "d") == "-1.5e3");
  CHECK_FALSE(raw_member(object, "e"));
  CHECK_FALSE(raw_member(object, "f"));
  for (const char* none : {"", "{", "[1]", "{\"a\"", "{\"a\":", "{\"a\":}", "{a:1}", "\"a\"", "{,}",
                           "{\"\\", "{\"\\u\":1}"}) {
    CAPTURE(none);
    CHECK_FALSE(raw_member(none, "a"));
  }
  CHECK(text_of_raw(R"("plain")") == "plain");
  CHECK(text_of_raw(R"("\u00e4\n")") == "ä\n");
  CHECK_FALSE(text_of_raw("3"));
  CHECK_FALSE(text_of_raw("\"\\x\""));
  CHECK_FALSE(text_of_raw("\""));
}

TEST_CASE("re-provisioning: what DPS makes of an answer") {
  struct Case {
    const char* name;
    const char* body;
    const char* hub;
    const char* move;
    const char* twin;
  };
#define CURRENT R"("deviceRuntimeContext":{"currentIotHubHostName":"old.h"})"
  const Case cases[] = {
      {"first registration", R"({"deviceRuntimeContext":{"registrationId":"a"}})", "new.h", "new",
       "initial"},
      {"no hub yet",
       R"({"deviceRuntimeContext":{"currentIotHubHostName":null},"enrollmentGroup":{"reprovisionPolicy":{"updateHubAssignment":false}}})",
       "new.h", "new", "initial"},
      {"no policy", "{" CURRENT "}", "new.h", "migrated", "ignored"},
      {"a null policy", "{" CURRENT R"(,"enrollmentGroup":{"reprovisionPolicy":null}})", "new.h",
       "migrated", "ignored"},
      {"migrate",
       "{" CURRENT
       R"(,"enrollmentGroup":{"reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":true}}})",
       "new.h", "migrated", "ignored"},
      {"reset",
       R"({"enrollmentGroup":{"reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":false}},)" CURRENT
       "}",
       "new.h", "reset", "reset"},
      {"reset, but it stays",
       R"({"enrollmentGroup":{"reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":false}},)" CURRENT
       "}",
       "OLD.h", "stays", "ignored"},
      {"never",
       "{" CURRENT
       R"(,"enrollmentGroup":{"reprovisionPolicy":{"updateHubAssignment":false,"migrateDeviceData":false}}})",
       "new.h", "ignored", "ignored"},
      {"never, of an individual enrollment",
       "{" CURRENT
       R"(,"enrollmentGroup":null,"individualEnrollment":{"reprovisionPolicy":{"updateHubAssignment":false}}})",
       "new.h", "ignored", "ignored"},
  };
#undef CURRENT
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Move move = move_to(c.hub, reprovisioning_of(c.body));
    CHECK(move_name(move) == c.move);
    CHECK(twin_effect(move) == c.twin);
  }
}

}  // namespace allocd
