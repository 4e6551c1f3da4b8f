// Both ways from a framed request to the one that handlers see come to the same.
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <doctest/doctest.h>

#include "http/answer_text.h"
#include "http/framer.h"
#include "http/translator.h"

using namespace allocd;

namespace {

WireRequest framed(std::string_view bytes) {
  Framer framer(1000);
  auto read = framer.read(bytes);
  REQUIRE(std::holds_alternative<WireRequest>(read));
  return std::get<WireRequest>(std::move(read));
}

std::string request(std::string_view line, std::string_view rest = "\r\n") {
  return std::string(line) + " HTTP/1.1\r\nHost: h\r\n" + std::string(rest);
}

// All that a handler can see of it.
std::string seen(const std::optional<HttpRequest>& request) {
  if (!request) return "unknown method";
  std::string out =
      request->method + " " + request->path + " ? " + request->query + " | " + request->body;
  for (const auto& [name, value] : request->headers) out.append(" | ").append(name + "=" + value);
  return out;
}

}  // namespace

TEST_CASE("both ways come to the same") {
  struct Case {
    std::string name;
    std::string bytes;
    std::string seen;
  };
  const Case cases[] = {
      {"plain", request("GET /a"), "GET /a ?  |  | host=h"},
      {"root", request("GET /"), "GET / ?  |  | host=h"},
      {"query", request("GET /a?b=c&d=%20+e"), "GET /a ? b=c&d=%20+e |  | host=h"},
      {"empty query", request("GET /a?"), "GET /a ?  |  | host=h"},
      {"two question marks", request("GET /a?b?c"), "GET /a ? b?c |  | host=h"},
      {"question marks only", request("GET /???"), "GET / ? ?? |  | host=h"},
      {"a plus in a path", request("GET /a+b"), "GET /a+b ?  |  | host=h"},
      {"every mark", request("GET /-._~:@!$&'()*+,;=[]{}|^`\\<>\"/"),
       "GET /-._~:@!$&'()*+,;=[]{}|^`\\<>\"/ ?  |  | host=h"},
      {"slashes and dots", request("GET //a/../b/./"), "GET //a/../b/./ ?  |  | host=h"},
      {"absolute", request("GET http://x/a?b"), "GET /a ? b |  | host=x"},
      {"asterisk", request("OPTIONS *"), "OPTIONS * ?  |  | host=h"},
      {"HEAD", request("HEAD /a"), "HEAD /a ?  |  | host=h"},
      {"PUT", request("PUT /a", "Content-Length: 2\r\n\r\nxy"),
       "PUT /a ?  | xy | host=h | content-length=2"},
      {"DELETE", request("DELETE /a"), "DELETE /a ?  |  | host=h"},
      {"chunks", request("POST /a", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
       "POST /a ?  | x | host=h | transfer-encoding=chunked"},
      {"headers that the library would heed",
       request("POST /a", "Range: bytes=0-0\r\nAccept-Encoding: gzip\r\nREMOTE_ADDR: x\r\n\r\n"),
       "POST /a ?  |  | host=h | range=bytes=0-0 | accept-encoding=gzip | remote_addr=x"},
      {"the longest target", request("GET /" + std::string(7999, 'a')),
       "GET /" + std::string(7999, 'a') + " ?  |  | host=h"},
      // These are the library's alone.
      {"escapes", request("GET /a%20%2fb%C3%A4?%20"), "GET /a /b\xC3\xA4 ? %20 |  | host=h"},
      {"no escapes", request("GET /a%zz%"), "GET /a%zz% ?  |  | host=h"},
      {"PATCH", request("PATCH /a"), "PATCH /a ?  |  | host=h"},
      {"no method that anyone knows", request("BREW /a"), "unknown method"},
      {"methods have their case", request("get /a"), "unknown method"},
  };
  Translator translator;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(seen(translator.translate(framed(c.bytes))) == c.seen);
    CHECK(seen(translator.translate(framed(c.bytes), Translator::Way::Library)) == c.seen);
  }
}

TEST_CASE("answers, byte by byte") {
  const auto text = [](const HttpResponse& response, Ending ending, bool head_only) {
    std::string out;
    append_answer(response, "D", ending, head_only, out);
    return out;
  };
  const HttpResponse ok{200, "application/json", "{}", {{"x-a", "b"}}};
  const std::string head =
      "HTTP/1.1 200 OK\r\nDate: D\r\nx-a: b\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n";
  CHECK(text(ok, Ending::KeepAlive, false) == head + "\r\n{}");
  CHECK(text(ok, Ending::KeepAlive, true) == head + "\r\n");
  CHECK(text(ok, Ending::Close, false) == head + "Connection: close\r\n\r\n{}");
  CHECK(text(ok, Ending::KeepAliveSaid, false) == head + "Connection: keep-alive\r\n\r\n{}");
  CHECK(text({204, "text/plain", "x", {}}, Ending::KeepAlive, false) ==
        "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  CHECK(text({405, "text/plain", "", {{"Allow", "POST\r\nx: y"}}}, Ending::KeepAlive, false) ==
        "HTTP/1.1 405 Method Not Allowed\r\nDate: D\r\nAllow: POST  x: y\r\n"
        "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
  std::string refused;
  append_failure({503, "no"}, "D", refused);
  CHECK(refused ==
        "HTTP/1.1 503 Service Unavailable\r\nDate: D\r\nRetry-After: 1\r\n"
        "Content-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
}

TEST_CASE("the date of an answer") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
}
