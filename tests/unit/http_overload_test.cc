// HTTP with too many, too slow and hostile clients: others are served, and all ends in time.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/http_client.h"

using namespace allocd;
using test::ask;
using test::HttpClient;
using test::request_text;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
constexpr const char* kHalfBody = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nx";

HttpResponse echo(const HttpRequest& request) {
  return {200, "text/plain", request.path + " " + request.body, {}};
}

HttpLimits limits_of(std::size_t threads, std::size_t connections) {
  HttpLimits limits;
  limits.threads = threads;
  limits.connections = connections;
  limits.request_seconds = 2;
  return limits;
}

bool is_served(HttpClient& client) {
  if (!client.send(kGet)) return false;
  const auto answer = client.read_answer();
  return answer && answer->status == 200;
}

// So many descriptors may be open from now on.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit wanted{std::min(count, before_.rlim_max), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &wanted);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_SUITE("threads: http overload") {
  TEST_CASE("the connection that is idle for longest gives way to a new one") {
    HttpServer server({"127.0.0.1:0"}, limits_of(1, 2), echo);
    HttpClient longest(server.address());
    REQUIRE(is_served(longest));
    HttpClient lately(server.address());
    REQUIRE(is_served(lately));
    REQUIRE(is_served(longest));
    REQUIRE(is_served(lately));
    HttpClient next(server.address());
    CHECK(is_served(next));
    CHECK(longest.is_closed());
    CHECK(is_served(lately));
    CHECK(is_served(next));
    CHECK(server.answers().count(503) == 0);
  }

  TEST_CASE("who gives way without ever having been answered is told 503") {
    HttpServer server({"127.0.0.1:0"}, limits_of(1, 1), echo);
    HttpClient silent(server.address());
    HttpClient next(server.address());
    CHECK(is_served(next));
    const auto told = silent.read_answer();
    REQUIRE(told);
    CHECK(told->status == 503);
    CHECK(told->headers.count("retry-after") == 1);
    CHECK(silent.is_closed());
    CHECK(server.connections() == 1);
    CHECK(is_served(next));
  }

  TEST_CASE("also where another thread has it, and where it never said a word") {
    HttpServer server({"127.0.0.1:0"}, limits_of(2, 2), echo);
    HttpClient silent(server.address());
    HttpClient idle(server.address());
    REQUIRE(is_served(idle));
    for (int i = 0; i < 50; ++i) CHECK(ask(server.address(), kGet)->status == 200);
  }

  TEST_CASE("full of busy connections, it says so and lets nobody wait") {
    HttpLimits limits = limits_of(2, 2);
    limits.request_seconds = 60;  // a and b are to be heard in the end
    HttpServer server({"127.0.0.1:0"}, limits, echo);
    HttpClient a(server.address());
    HttpClient b(server.address());
    for (HttpClient* busy : {&a, &b}) {
      REQUIRE(
          busy->send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                     "Content-Length: 2\r\n\r\n"));
      REQUIRE(busy->read_answer()->status == 100);
    }
    for (int i = 0; i < 100; ++i) {
      HttpClient refused(server.address());
      refused.send(request_text("POST", "/", std::string(100'000, 'x')));
      const auto answer = refused.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == 503);
      CHECK(answer->headers.at("retry-after") == "1");
      CHECK(answer->headers.at("connection") == "close");
    }
    REQUIRE(a.send("ok"));
    CHECK(a.read_answer()->body == "/ ok");
    REQUIRE(b.send("ok"));
    CHECK(b.read_answer()->body == "/ ok");
  }

  TEST_CASE("without descriptors, an idle connection gives way") {
    HttpServer server({"127.0.0.1:0"}, limits_of(1, 100), echo);
    HttpClient idle(server.address());
    REQUIRE(is_served(idle));
    const int free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(free >= 0);
    close(free);
    const DescriptorLimit only_one_more(static_cast<rlim_t>(free) + 1);
    HttpClient next(server.address());
    CHECK(is_served(next));
    CHECK(idle.is_closed());
  }

  TEST_CASE("trickling bytes win no time") {
    HttpLimits limits = limits_of(1, 10);
    limits.request_seconds = 1;
    HttpServer server({"127.0.0.1:0"}, limits, echo);
    const auto start = Clock::now();
    HttpClient head(server.address());
    HttpClient body(server.address());
    REQUIRE(body.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n"));
    REQUIRE(head.send("GET /"));
    while (head.send("x") && body.send("x") && Clock::now() - start < std::chrono::seconds(5))
      ask(server.address(), kGet);  // time goes by, others are served
    CHECK(Clock::now() - start < std::chrono::seconds(4));
    CHECK(body.read_answer()->status == 503);
  }

  TEST_CASE("a client that never reads is closed, and stops being read") {
    HttpLimits limits = limits_of(1, 1);
    limits.request_seconds = 1;
    const std::string large(1'000'000, 'x');
    std::atomic<int> calls = 0;
    HttpServer server({"127.0.0.1:0"}, limits, [&](const HttpRequest& request) {
      if (request.path != "/large") return echo(request);
      ++calls;
      return HttpResponse{200, "text/plain", large, {}};
    });
    HttpClient deaf(server.address());
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += "GET /large HTTP/1.1\r\nHost: t\r\n\r\n";
    REQUIRE(deaf.send(requests));
    // Once it is being answered, it holds the only place until its time is over.
    const auto start = Clock::now();
    for (const int expected : {503, 200}) {
      int status = 0;
      while (status != expected && Clock::now() - start < std::chrono::seconds(8)) {
        const auto answer = ask(server.address(), kGet);
        status = answer ? answer->status : 0;
      }
      CHECK(status == expected);
    }
    CHECK(calls < 90);
  }

  TEST_CASE("a client that asks on and on, and never reads, is closed in time") {
    // How full the socket is when the client falls silent differs with the size of the answers.
    std::vector<std::unique_ptr<HttpServer>> servers;
    std::vector<std::unique_ptr<HttpClient>> deaf;
    HttpLimits limits = limits_of(1, 1);
    limits.request_seconds = 1;
    std::string questions;
    for (int i = 0; i < 600; ++i) questions += kGet;
    for (std::size_t i = 0; i < 40; ++i) {
      const std::string body(10'000 + i * 1'500, 'x');
      servers.push_back(std::make_unique<HttpServer>(
          HttpEndpoint{"127.0.0.1:0"}, limits, [body](const HttpRequest&) {
            return HttpResponse{200, "text/plain", body, {}};
          }));
      deaf.push_back(std::make_unique<HttpClient>(servers.back()->address()));
      REQUIRE(deaf.back()->send(questions));
    }
    // Its one connection is free again once the deaf client is gone.
    const auto end = Clock::now() + std::chrono::seconds(20);
    for (const auto& server : servers) {
      bool served = false;
      while (!served && Clock::now() < end) {
        const auto answer = ask(server->address(), kGet);
        served = answer && answer->status == 200;
      }
      CHECK(served);
    }
  }

  TEST_CASE("requests far ahead of their answers are answered in order") {
    const std::string padding(1000, 'p');
    HttpServer server({"127.0.0.1:0"}, limits_of(1, 10), [&](const HttpRequest& request) {
      return HttpResponse{200, "text/plain", request.body + padding};
    });
    HttpClient client(server.address());
    constexpr int kCount = 5000;
    std::thread sending([&] {
      std::string requests;
      for (int i = 0; i < kCount; ++i) requests += request_text("POST", "/", std::to_string(i));
      client.send(requests);
    });
    int right = 0;
    for (int i = 0; i < kCount; ++i) {
      const auto answer = client.read_answer();
      if (!answer) break;
      right += answer->body == std::to_string(i) + padding ? 1 : 0;
    }
    sending.join();
    CHECK(right == kCount);
  }

  TEST_CASE("a large answer comes whole, also to who has ended sending") {
    const std::string large(8'000'000, 'x');
    HttpLimits limits = limits_of(1, 10);
    limits.request_seconds = 60;  // however busy the machine is
    HttpServer server({"127.0.0.1:0"}, limits, [&](const HttpRequest&) {
      return HttpResponse{200, "text/plain", large};
    });
    HttpClient client(server.address());
    REQUIRE(client.send(kGet));
    client.finish_sending();
    const auto answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->body.size() == large.size());
    CHECK(client.is_closed());
  }

  TEST_CASE("what is left of a refused request is no request") {
    std::mutex mutex;
    std::vector<std::string> paths;
    HttpLimits limits = limits_of(1, 10);
    limits.body_bytes = 100;
    HttpServer server({"127.0.0.1:0"}, limits, [&](const HttpRequest& request) {
      const std::lock_guard lock(mutex);
      paths.push_back(request.path);
      return echo(request);
    });
    const std::string evil = "GET /evil HTTP/1.1\r\nHost: t\r\n\r\n";
    const std::string post = "POST /a HTTP/1.1\r\nHost: t\r\n";
    struct Case {
      std::string name;
      std::string bytes;
      int status;
    };
    const Case cases[] = {
        {"length and chunks",
         post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + evil, 400},
        {"two lengths", post + "Content-Length: 0\r\nContent-Length: 30\r\n\r\n" + evil, 400},
        {"too large", post + "Content-Length: 5000\r\n\r\n" + evil, 413},
        {"coded", post + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n" + evil, 415},
        {"chunk longer than its size",
         post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n" + evil, 400},
        {"bare LF", post + "A: b\n\r\n" + evil, 400},
        {"unknown method", "BREW /a HTTP/1.1\r\nHost: t\r\n\r\n" + evil, 400},
        {"after the last one", post + "Connection: close\r\n\r\n" + evil, 200},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpClient client(server.address());
      REQUIRE(client.send(c.bytes));
      const auto answer = client.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == c.status);
      CHECK(answer->headers.at("connection") == "close");
      CHECK(client.is_closed());
    }
    server.stop();
    CHECK(std::count(paths.begin(), paths.end(), "/evil") == 0);
  }

  TEST_CASE("a crowd of idle and slow connections costs others nothing") {
    const DescriptorLimit many(12'000);
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    const int each = std::min(200, static_cast<int>(now.rlim_cur / 30));
    HttpLimits limits = limits_of(2, 10'000);
    limits.request_seconds = 3;
    HttpServer server({"127.0.0.1:0"}, limits, echo);
    std::vector<std::unique_ptr<HttpClient>> idle;
    std::vector<std::unique_ptr<HttpClient>> heads;
    std::vector<std::unique_ptr<HttpClient>> bodies;
    for (int i = 0; i < each * 10; ++i)
      idle.push_back(std::make_unique<HttpClient>(server.address()));
    for (int i = 0; i < each; ++i) {
      heads.push_back(std::make_unique<HttpClient>(server.address()));
      REQUIRE(heads.back()->send("POST / HT"));
      bodies.push_back(std::make_unique<HttpClient>(server.address()));
      REQUIRE(bodies.back()->send(kHalfBody));
    }
    HttpClient normal(server.address());
    const auto start = Clock::now();
    for (int i = 0; i < 300; ++i) REQUIRE(is_served(normal));
    CHECK(Clock::now() - start < std::chrono::seconds(2));
    for (auto& body : bodies) {
      const auto answer = body->read_answer();
      REQUIRE(answer);
      CHECK(answer->status == 503);
    }
    for (auto& head : heads) CHECK(head->is_closed());
    CHECK(is_served(*idle.front()));
    CHECK(is_served(*idle.back()));
    const auto stopping = Clock::now();
    server.stop();
    CHECK(Clock::now() - stopping < std::chrono::seconds(2));
    CHECK(idle.front()->is_closed());
  }

  TEST_CASE("stopping ends in time, whatever clients do") {
    HttpLimits limits = limits_of(2, 100);
    limits.request_seconds = 1;
    const std::string large(4'000'000, 'x');
    HttpServer server({"127.0.0.1:0"}, limits, [&](const HttpRequest& request) {
      return HttpResponse{200, "text/plain", request.path == "/large" ? large : "x"};
    });
    HttpClient deaf(server.address());
    for (int i = 0; i < 10; ++i) REQUIRE(deaf.send("GET /large HTTP/1.1\r\nHost: t\r\n\r\n"));
    HttpClient lingering(server.address());
    REQUIRE(lingering.send("hello\r\n"));
    REQUIRE(lingering.read_answer()->status == 400);
    HttpClient half(server.address());
    REQUIRE(half.send(kHalfBody));
    HttpClient idle(server.address());
    REQUIRE(is_served(idle));
    const auto start = Clock::now();
    server.stop();
    CHECK(Clock::now() - start < std::chrono::milliseconds(2500));
    CHECK(idle.is_closed());
  }

  TEST_CASE("who is connected when it stops, and has asked, is answered") {
    for (int i = 0; i < 20; ++i) {
      HttpServer server({"127.0.0.1:0"}, limits_of(2, 100), echo);
      std::vector<std::unique_ptr<HttpClient>> clients;
      for (int j = 0; j < 10; ++j) {
        clients.push_back(std::make_unique<HttpClient>(server.address()));
        REQUIRE(clients.back()->send(kGet));
      }
      server.stop();
      for (auto& client : clients) {
        const auto answer = client->read_answer();
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(client->is_closed());
      }
    }
  }

  TEST_CASE("clients that come, ask and go all at once") {
    HttpServer server({"127.0.0.1:0"}, limits_of(2, 20), echo);
    std::atomic<int> answered = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i)
      clients.emplace_back([&, i] {
        for (int j = 0; j < 100; ++j) {
          HttpClient client(server.address());
          client.send(i % 2 == 0 ? kGet : kHalfBody);
          if (i % 2 != 0) continue;  // gone without a word
          const auto answer = client.read_answer();
          if (answer) ++(answer->status == 200 ? answered : refused);
        }
      });
    for (std::thread& client : clients) client.join();
    CHECK(answered + refused == 400);
    CHECK(answered > 0);
  }
}
