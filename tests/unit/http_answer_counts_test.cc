// Every answer that leaves a server is counted, whoever made it.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/http_client.h"

using namespace allocd;
using test::ask;
using test::HttpClient;
using test::request_text;

namespace {

using Counts = std::map<int, std::uint64_t>;

HttpLimits small_limits() {
  HttpLimits limits;
  limits.threads = 2;
  limits.body_bytes = 10;
  limits.request_seconds = 1;
  return limits;
}

HttpResponse handle(const HttpRequest& request) {
  if (request.path == "/throw") throw 1;
  return {request.path == "/" ? 200 : 404, "text/plain", "", {}};
}

template <typename Holds>
bool comes_true(Holds holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_SUITE("threads: http answer counts") {
  TEST_CASE("answers of the handler and of the server itself are counted by status") {
    struct Case {
      std::string name;
      std::string bytes;
      int status;
    };
    const Case cases[] = {
        {"the handler's", request_text("POST", "/", "x"), 200},
        {"another of the handler's", request_text("POST", "/else", "x"), 404},
        {"HEAD", request_text("HEAD", "/", ""), 200},
        {"a handler that throws", request_text("GET", "/throw", ""), 500},
        {"no request", "nonsense\r\n\r\n", 400},
        {"unknown method", request_text("NONSENSE", "/", ""), 400},
        {"too large", request_text("POST", "/", std::string(11, 'x')), 413},
        {"too slow", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nx", 503},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpServer server({.address = "127.0.0.1:0"}, small_limits(), handle);
      CHECK(server.answers().empty());
      HttpClient client(server.address());
      REQUIRE(client.send(c.bytes));
      const auto answer = client.read_answer(c.name == "HEAD");
      REQUIRE(answer);
      CHECK(answer->status == c.status);
      CHECK(server.answers() == Counts{{c.status, 1}});
    }
  }

  TEST_CASE("each of several requests on a connection counts, `100 Continue` does not") {
    HttpServer server({.address = "127.0.0.1:0"}, small_limits(), handle);
    HttpClient client(server.address());
    REQUIRE(client.send(request_text("POST", "/", "x") + request_text("POST", "/", "y") +
                        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n"
                        "Expect: 100-continue\r\n\r\n"));
    for (const int status : {200, 200, 100}) {
      const auto answer = client.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == status);
    }
    REQUIRE(client.send("z"));
    REQUIRE(client.read_answer());
    CHECK(server.answers() == Counts{{200, 3}});
  }

  TEST_CASE("connections are counted; who is one too many is an answer, not a connection") {
    HttpLimits limits = small_limits();
    limits.connections = 1;
    limits.request_seconds = 10;
    HttpServer server({.address = "127.0.0.1:0"}, limits, handle);
    CHECK(server.connections() == 0);
    {
      HttpClient busy(server.address());
      REQUIRE(
          busy.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n"
                    "Expect: 100-continue\r\n\r\n"));
      REQUIRE(busy.read_answer());
      HttpClient refused(server.address());
      const auto answer = refused.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == 503);
      CHECK(server.answers() == Counts{{503, 1}});
      CHECK(server.connections() == 1);
    }
    CHECK(comes_true([&] { return server.connections() == 0; }));
    server.stop();
    CHECK(server.answers() == Counts{{503, 1}});
  }

  TEST_CASE("the answers of all threads add up") {
    HttpServer server({.address = "127.0.0.1:0"}, small_limits(), handle);
    for (int i = 0; i < 20; ++i) REQUIRE(ask(server.address(), request_text("POST", "/", "x")));
    CHECK(server.answers() == Counts{{200, 20}});
  }
}
