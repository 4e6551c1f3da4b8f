// Many requests on one connection cost the others one request each, not all of them.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/http_client.h"

using namespace allocd;
using test::HttpClient;

TEST_SUITE("threads: http fairness") {
  TEST_CASE("who sends thousands of requests at once has one turn among others") {
    std::atomic<bool> hold = true;
    std::atomic<bool> held = false;
    std::atomic<int> served = 0;
    std::atomic<int> before_normal = -1;
    HttpLimits limits;
    limits.threads = 1;
    limits.connections = 100;
    HttpServer server({"127.0.0.1:0"}, limits, [&](const HttpRequest& request) {
      if (request.path == "/hold") {
        held = true;
        held.notify_all();
        hold.wait(true);
      } else if (request.path == "/normal") {
        before_normal = served.load();
      } else {
        ++served;
      }
      return HttpResponse{200, "text/plain", "x", {}};
    });
    // While the only thread is busy, all the others queue up.
    HttpClient holder(server.address());
    REQUIRE(holder.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n"));
    held.wait(false);
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
    std::vector<std::unique_ptr<HttpClient>> greedy;
    for (int i = 0; i < 20; ++i) {
      greedy.push_back(std::make_unique<HttpClient>(server.address()));
      REQUIRE(greedy.back()->send(many));
    }
    HttpClient normal(server.address());
    REQUIRE(normal.send("GET /normal HTTP/1.1\r\nHost: t\r\n\r\n"));
    hold = false;
    hold.notify_all();
    REQUIRE(normal.read_answer());
    // Some from each is fair; all 20,000 are not.
    CHECK(before_normal.load() <= 20 * 64);
  }
}
