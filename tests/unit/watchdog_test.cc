// A watchdog is fed while all threads that serve come round, and not while one is stuck.
#include "daemon/watchdog.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/http_client.h"

using namespace allocd;
using namespace allocd::test;
using namespace std::chrono_literals;

namespace {

// Counts, and can be waited for.
class Counter {
 public:
  void count() {
    {
      const std::lock_guard lock(mutex_);
      ++count_;
    }
    changed_.notify_all();
  }
  int now() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  bool reaches(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// Answers, but holds whoever asks for /hold until it is let go.
class Holder {
 public:
  HttpHandler handler() {
    return [this](const HttpRequest& request) {
      if (request.path == "/hold") {
        held_ = true;
        held_.notify_all();
        hold_.wait(true);
      }
      return HttpResponse{200, "text/plain", "x", {}};
    };
  }
  void wait_for_one() { held_.wait(false); }
  void let_go() {
    hold_ = false;
    hold_.notify_all();
  }

 private:
  std::atomic<bool> hold_ = true;
  std::atomic<bool> held_ = false;
};

constexpr auto kPatience = 20s;  // more than any machine needs
constexpr auto kShort = 50ms;

}  // namespace

TEST_SUITE("threads: watchdog") {
  TEST_CASE("a server is alive while all its threads come round") {
    Holder holder;
    HttpLimits limits;
    limits.threads = 2;
    HttpServer server({"127.0.0.1:0"}, limits, holder.handler());
    CHECK(server.is_alive(kPatience));
    CHECK(server.is_alive(kPatience));

    HttpClient client(server.address());
    REQUIRE(client.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n"));
    holder.wait_for_one();
    CHECK_FALSE(server.is_alive(kShort));
    CHECK_FALSE(server.is_alive(kShort));

    holder.let_go();
    REQUIRE(client.read_answer());
    CHECK(server.is_alive(kPatience));
    server.stop();
    CHECK(server.is_alive(kShort));
  }

  TEST_CASE("it is fed while what it looks at is alive, and again when it is alive again") {
    Holder holder;
    HttpLimits limits;
    limits.threads = 1;
    HttpServer server({"127.0.0.1:0"}, limits, holder.handler());
    Counter looked;
    Counter fed;
    {
      const Watchdog watchdog(
          40ms,
          [&](std::chrono::milliseconds patience) {
            const bool alive = server.is_alive(patience);
            looked.count();
            return alive;
          },
          [&] { fed.count(); });
      CHECK(fed.reaches(3));

      HttpClient client(server.address());
      REQUIRE(client.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n"));
      holder.wait_for_one();
      // Those that look now began after it was stuck, but for one.
      CHECK(looked.reaches(looked.now() + 2));
      const int before = fed.now();
      CHECK(looked.reaches(looked.now() + 3));
      CHECK(fed.now() == before);

      holder.let_go();
      REQUIRE(client.read_answer());
      CHECK(fed.reaches(before + 2));
    }
    const int at_its_end = looked.now();
    CHECK(server.is_alive(kPatience));
    CHECK(looked.now() == at_its_end);
  }

  TEST_CASE("its end does not wait for its next look") {
    Counter looked;
    const auto start = std::chrono::steady_clock::now();
    {
      const Watchdog watchdog(
          2h,
          [&](std::chrono::milliseconds) {
            looked.count();
            return true;
          },
          [] {});
      CHECK(looked.reaches(1));
    }
    CHECK(std::chrono::steady_clock::now() - start < 20s);
  }
}
