// HTTP over real sockets: framing, limits, and an end that does not depend on clients.
#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/http_client.h"

using namespace allocd;
using test::ask;
using test::HttpClient;
using test::request_text;

namespace {

// Says back what it was given.
HttpResponse echo(const HttpRequest& request) {
  return {200,
          "text/plain",
          request.method + " " + request.path + "?" + request.query + " " + request.body,
          {{"x-test", "yes"}}};
}

HttpLimits small_limits() {
  HttpLimits limits;
  limits.body_bytes = 1000;
  limits.request_seconds = 2;
  limits.threads = 2;
  return limits;
}

std::string listen_error(const std::string& address) {
  try {
    HttpServer server({address}, HttpLimits{}, echo);
  } catch (const ListenError& error) {
    return error.message;
  }
  return "";
}

}  // namespace

TEST_SUITE("threads: http server") {
  TEST_CASE("hands over every method and path, and any content type as it came") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    struct Case {
      std::string name;
      std::string request;
      std::string body;
    };
    const Case cases[] = {
        {"plain", request_text("POST", "/a", "x"), "POST /a? x"},
        {"query and escapes", request_text("POST", "/a%20b?c=%20d", ""), "POST /a b?c=%20d "},
        {"GET", "GET /x HTTP/1.1\r\nHost: t\r\n\r\n", "GET /x? "},
        {"PUT", request_text("PUT", "/x", "1"), "PUT /x? 1"},
        {"DELETE with a body", request_text("DELETE", "/x", "1"), "DELETE /x? 1"},
        {"OPTIONS with a body", request_text("OPTIONS", "/x", "1"), "OPTIONS /x? 1"},
        {"POST without a length", "POST /x HTTP/1.1\r\nHost: t\r\n\r\n", "POST /x? "},
        {"form",
         request_text("POST", "/", "a=b&c", "Content-Type: application/x-www-form-urlencoded\r\n"),
         "POST /? a=b&c"},
        {"multipart",
         request_text("POST", "/", "--q\r\n", "Content-Type: multipart/form-data; boundary=q\r\n"),
         "POST /? --q\r\n"},
        {"range", request_text("POST", "/", "0123", "Range: bytes=0-1\r\n"), "POST /? 0123"},
        {"a range that is none",
         request_text("POST", "/", "0", "Range: " + std::string(8000, '9') + "\r\n"), "POST /? 0"},
        {"chunks",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
         "POST /? abcde"},
        {"identity", request_text("POST", "/", "0", "Content-Encoding: identity\r\n"), "POST /? 0"},
        {"an empty line before", "\r\n" + request_text("POST", "/", "0"), "POST /? 0"},
        {"NUL in the body", request_text("POST", "/", std::string_view("a\0b", 3)),
         std::string("POST /? a\0b", 11)},
        {"gzip wanted", request_text("POST", "/", "0", "Accept-Encoding: gzip, br\r\n"),
         "POST /? 0"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      const auto answer = ask(server.address(), c.request);
      REQUIRE(answer);
      CHECK(answer->status == 200);
      CHECK(answer->body == c.body);
      CHECK(answer->headers.at("x-test") == "yes");
      CHECK(answer->headers.at("content-type") == "text/plain");
    }
  }

  TEST_CASE("refuses what it cannot take, so that the client can read why") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    const std::string big(1001, 'x');
    struct Case {
      std::string name;
      std::string request;
      int status;
    };
    const Case cases[] = {
        {"too long", request_text("POST", "/", big), 413},
        {"much too long", request_text("POST", "/", std::string(3'000'000, 'x')), 413},
        {"too long by its word only",
         "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n", 413},
        {"no number",
         "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
        {"negative", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n", 400},
        {"plus", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +1\r\n\r\nx", 400},
        {"two lengths",
         "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
        {"length and chunks",
         "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         400},
        {"chunked twice",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         400},
        {"gzip, chunked",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
        {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"chunks too long",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + big.substr(1) +
             "\r\n1\r\nx\r\n0\r\n\r\n",
         413},
        {"a chunk too long",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx", 413},
        {"negative chunk",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx", 400},
        {"chunk size is no number",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
         400},
        {"chunk size overflows",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\nx",
         400},
        {"chunk longer than it says",
         "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n",
         400},
        {"gzip", request_text("POST", "/", "0", "Content-Encoding: gzip\r\n"), 415},
        {"expectation", request_text("POST", "/", "0", "Expect: a miracle\r\n"), 417},
        {"head too long",
         "GET / HTTP/1.1\r\nHost: t\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
        {"too many lines",
         [] {
           std::string lines;
           for (int i = 0; i < 100; ++i) lines += "A: b\r\n";
           return "GET / HTTP/1.1\r\nHost: t\r\n" + lines + "\r\n";
         }(),
         431},
        {"folded line", "GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n c\r\n\r\n", 400},
        {"blank before the colon", "GET / HTTP/1.1\r\nHost: t\r\nContent-Length : 1\r\n\r\n", 400},
        {"bare line feed", "GET / HTTP/1.1\r\nHost: t\r\nA: b\nContent-Length: 1\r\n\r\n", 400},
        {"NUL in the head", std::string("GET / HTTP/1.1\r\nHost: t\r\nA: \0\r\n\r\n", 33), 400},
        {"no request line", "hello\r\n\r\n", 400},
        {"unknown method", "BREW / HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"HTTP/2", "GET / HTTP/2.0\r\n\r\n", 505},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpClient client(server.address());
      client.send(c.request);  // may well be cut off on the way
      const auto answer = client.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == c.status);
    }
  }

  TEST_CASE("a connection serves one request after another, also ahead of the answers") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    HttpClient client(server.address());
    for (int i = 0; i < 50; ++i) {
      REQUIRE(client.send(request_text("POST", "/", std::to_string(i))));
      const auto answer = client.read_answer();
      REQUIRE(answer);
      CHECK(answer->body == "POST /? " + std::to_string(i));
    }
    REQUIRE(client.send(request_text("POST", "/", "one") + request_text("POST", "/", "two") +
                        "HEAD / HTTP/1.1\r\nHost: t\r\nConnection: Close\r\n\r\n"));
    CHECK(client.read_answer()->body == "POST /? one");
    CHECK(client.read_answer()->body == "POST /? two");
    CHECK(client.read_answer(true)->headers.at("connection") == "close");
    CHECK(client.is_closed());
  }

  TEST_CASE("HTTP/1.0 is answered and closed") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    HttpClient client(server.address());
    REQUIRE(client.send("GET / HTTP/1.0\r\n\r\n"));
    CHECK(client.read_answer()->status == 200);
    CHECK(client.is_closed());
  }

  TEST_CASE("HTTP/1.0 is kept where it asks for that, and told so") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    HttpClient client(server.address());
    for (int i = 0; i < 2; ++i) {
      REQUIRE(client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
      CHECK(client.read_answer()->headers.at("connection") == "keep-alive");
    }
  }

  TEST_CASE("HEAD tells the length and keeps the body") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    HttpClient client(server.address());
    REQUIRE(client.send("HEAD /x HTTP/1.1\r\nHost: t\r\n\r\nGET /y HTTP/1.1\r\nHost: t\r\n\r\n"));
    CHECK(client.read_answer(true)->headers.at("content-length") == "9");
    CHECK(client.read_answer()->body == "GET /y? ");
  }

  TEST_CASE("handlers see headers, two servers see their own clients") {
    const HttpHandler by_key = [](const HttpRequest& request) {
      return HttpResponse{
          200, "text/plain", std::string(request.header("x-key").value_or("-")), {}};
    };
    HttpServer keyed({"127.0.0.1:0"}, small_limits(), by_key);
    HttpServer other({"127.0.0.1:0"}, small_limits(), echo);
    CHECK(ask(keyed.address(), request_text("GET", "/", "", "X-Key:  a b \r\n"))->body == "a b");
    CHECK(ask(keyed.address(), request_text("GET", "/", ""))->body == "-");
    CHECK(ask(other.address(), request_text("GET", "/", ""))->body == "GET /? ");
  }

  TEST_CASE("who expects to be told to go on is told") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    HttpClient client(server.address());
    REQUIRE(client.send(
        "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"));
    CHECK(client.read_answer()->status == 100);
    REQUIRE(client.send("ok"));
    CHECK(client.read_answer()->body == "POST /? ok");
  }

  TEST_CASE("a body that does not come is 503, half a head is closed") {
    HttpLimits limits = small_limits();
    limits.request_seconds = 1;
    HttpServer server({"127.0.0.1:0"}, limits, echo);
    HttpClient slow(server.address());
    REQUIRE(slow.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nx"));
    CHECK(slow.read_answer()->status == 503);
    CHECK(slow.is_closed());
    HttpClient half(server.address());
    REQUIRE(half.send("POST / HT"));
    CHECK(half.is_closed());
  }

  TEST_CASE("an exception of the handler is 500 and does not show") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), [](const HttpRequest&) -> HttpResponse {
      throw std::runtime_error("secret");
    });
    const auto answer = ask(server.address(), request_text("POST", "/", "x"));
    REQUIRE(answer);
    CHECK(answer->status == 500);
    CHECK(answer->body == "internal error");
    for (const auto& [name, value] : answer->headers)
      CHECK(value.find("secret") == std::string::npos);
  }

  TEST_CASE("stopping ends idle and silent connections at once, and answers what is in flight") {
    std::promise<void> entered;
    std::promise<void> go_on;
    HttpLimits limits = small_limits();
    limits.threads = 4;
    limits.idle_seconds = 3600;
    HttpServer server({"127.0.0.1:0"}, limits, [&](const HttpRequest& request) {
      if (request.path == "/slow") {
        entered.set_value();
        go_on.get_future().wait();
      }
      return echo(request);
    });
    HttpClient idle(server.address());
    REQUIRE(idle.send(request_text("POST", "/", "x")));
    REQUIRE(idle.read_answer());
    HttpClient silent(server.address());
    HttpClient busy(server.address());
    REQUIRE(busy.send(request_text("POST", "/slow", "x")));
    entered.get_future().wait();

    std::thread stopping([&] { server.stop(); });
    CHECK(idle.is_closed());
    go_on.set_value();
    const auto answer = busy.read_answer();
    REQUIRE(answer);
    CHECK(answer->body == "POST /slow? x");
    CHECK(answer->headers.at("connection") == "close");
    stopping.join();
    server.stop();  // again is fine
    CHECK_THROWS(HttpClient(server.address()));
  }

  TEST_CASE("who has come, or was answered, just before it stops may still ask") {
    for (int i = 0; i < 10; ++i) {
      HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
      HttpClient silent(server.address());
      HttpClient answered(server.address());
      REQUIRE(answered.send(request_text("POST", "/", "x")));
      REQUIRE(answered.read_answer());
      std::thread stopping([&] { server.stop(); });
      while (true) {  // until nobody is let in any more
        try {
          HttpClient(server.address());
        } catch (const std::runtime_error&) {
          break;
        }
      }
      for (HttpClient* client : {&silent, &answered}) {
        CHECK(client->send(request_text("POST", "/late", "x")));
        const auto answer = client->read_answer();
        CHECK(answer);
        if (answer) CHECK(answer->headers.at("connection") == "close");
      }
      stopping.join();
    }
  }

  TEST_CASE("stopping waits for a request no longer than it may take") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    HttpClient slow(server.address());
    REQUIRE(slow.send(
        "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"));
    REQUIRE(slow.read_answer());
    const auto start = std::chrono::steady_clock::now();
    server.stop();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  }

  TEST_CASE("many clients at once each get their own answer") {
    HttpServer server({"127.0.0.1:0"}, small_limits(), echo);
    std::atomic<int> right = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i)
      clients.emplace_back([&, i] {
        for (int j = 0; j < 25; ++j) {
          const std::string body = std::to_string(i) + "/" + std::to_string(j);
          const auto answer = ask(server.address(), request_text("POST", "/", body));
          if (answer && answer->body == "POST /? " + body) right.fetch_add(1);
        }
      });
    for (std::thread& client : clients) client.join();
    CHECK(right.load() == 200);
  }

  TEST_CASE("addresses") {
    HttpServer v6({"[::1]:0"}, small_limits(), echo);
    CHECK(v6.address().starts_with("[::1]:"));
    CHECK(ask(v6.address(), "GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
    HttpServer named({"localhost:0"}, small_limits(), echo);
    CHECK(ask(named.address(), "GET / HTTP/1.1\r\nHost: t\r\n\r\n"));

    HttpServer taken({"127.0.0.1:0"}, small_limits(), echo);
    CHECK(listen_error(taken.address()) ==
          "cannot listen on " + taken.address() + ": address already in use");
    for (const std::string address :
         {"8080", "127.0.0.1", "127.0.0.1:", ":8080", "127.0.0.1:65536", "127.0.0.1:-1",
          "127.0.0.1:http", "::1:8080", "[::1]", "[]:1", ""}) {
      CAPTURE(address);
      CHECK(listen_error(address) ==
            "cannot listen on " + address +
                ": not HOST:PORT, such as `127.0.0.1:8080` or `[::1]:8080`, nor `unix:/PATH`");
    }
    CHECK(listen_error("192.0.2.1:0") ==
          "cannot listen on 192.0.2.1:0: cannot assign requested address");
  }
}
