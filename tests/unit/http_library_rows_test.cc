// What HTTP libraries are known to get wrong, held against the running daemon: each case fails on
// a plain thread-per-connection server.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <linux/tcp.h>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/daemon.h"
#include "support/descriptor_limit.h"
#include "support/http_client.h"
#include "support/process.h"

using namespace allocd::test;
using Clock = std::chrono::steady_clock;

namespace {

// A body may have 262,144 bytes; so a server that keeps what it refuses shows far beyond this.
constexpr std::size_t kFewMegabytes = 8 << 20;
// Answered without a line in the log, which nobody reads here while thousands are sent.
constexpr const char* kGet = "GET /allocate HTTP/1.1\r\nHost: t\r\n\r\n";

// `allocd serve` with `text` as its configuration.
class ConfiguredDaemon : private TemporaryFolder, public Daemon {
 public:
  explicit ConfiguredDaemon(std::string_view text,
                            std::vector<std::string> command = {ALLOCD_BINARY})
      : Daemon({"--config", write("allocd.yaml", text)}, std::move(command)) {}
};

std::string post(std::string_view body, std::string_view headers = "",
                 std::string_view path = "/allocate") {
  return request_text("POST", path, body, headers);
}

std::string chunked(std::string_view data, std::string_view headers = "",
                    std::string_view path = "/allocate") {
  std::string text = "POST " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n";
  return text.append(headers).append("Transfer-Encoding: chunked\r\n\r\n").append(data);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

bool is_served(HttpClient& client) {
  if (!client.send(kGet)) return false;
  const auto answer = client.read_answer();
  return answer && answer->status == 405;
}

bool is_a_new_client_served(const Daemon& daemon) {
  HttpClient client(daemon.webhook);
  return is_served(client);
}

bool is_toaster_answer(const std::optional<HttpAnswer>& answer) {
  return answer && answer->status == 200 && answer->body == kToasterAnswer;
}

// The status of each answer up to the end of the connection.
std::vector<int> statuses(HttpClient& client) {
  std::vector<int> all;
  while (const auto answer = client.read_answer()) all.push_back(answer->status);
  return all;
}

// Sends up to `count` times; how often it worked.
std::size_t flood(HttpClient& client, std::string_view bytes, std::size_t count) {
  std::size_t sent = 0;
  while (sent < count && client.send(bytes)) ++sent;
  return sent;
}

std::deque<HttpClient> silent_clients(const Daemon& daemon, std::size_t count) {
  std::deque<HttpClient> clients;
  for (std::size_t i = 0; i < count; ++i) clients.emplace_back(daemon.webhook);
  return clients;
}

// Segments with data that came in on this socket.
unsigned segments_in(const HttpClient& client) {
  tcp_info info{};
  socklen_t size = sizeof info;
  REQUIRE(getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  return info.tcpi_data_segs_in;
}

}  // namespace

TEST_SUITE("http library rows") {
  TEST_CASE("connections kept open between requests cost no thread, and nobody waits for them") {
    ConfiguredDaemon daemon("limits: {threads: 2, idleSeconds: 3600}\n");
    const std::size_t threads = daemon.threads();
    auto idle = silent_clients(daemon, 64);
    for (HttpClient& client : idle) REQUIRE(is_served(client));
    CHECK(is_a_new_client_served(daemon));
    CHECK(daemon.threads() == threads);
    // Nobody was closed in favour of another.
    for (HttpClient& client : idle) REQUIRE(is_served(client));
  }

  TEST_CASE("connections kept open are not polled") {
    ConfiguredDaemon daemon("limits: {threads: 2, idleSeconds: 3600}\n");
    auto idle = silent_clients(daemon, 256);
    for (HttpClient& client : idle) REQUIRE(is_served(client));
    const double before = daemon.cpu_seconds();
    // Not waited for anything: this long is measured. A look at each every 10 ms costs 0.3 s.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    CHECK(daemon.cpu_seconds() - before < 0.1);
  }

  TEST_CASE("a byte at a time wins no time, and keeps nobody else waiting") {
    ConfiguredDaemon daemon("limits: {threads: 1, requestSeconds: 1}\n");
    std::deque<HttpClient> heads = silent_clients(daemon, 4);
    std::deque<HttpClient> bodies = silent_clients(daemon, 4);
    std::deque<HttpClient> chunks = silent_clients(daemon, 4);
    const auto start = Clock::now();
    for (HttpClient& head : heads) REQUIRE(head.send("POST /allocate HTTP/1.1\r\nHost: t\r\nX: "));
    for (HttpClient& body : bodies)
      REQUIRE(body.send("POST /allocate HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n"));
    for (HttpClient& chunk : chunks) REQUIRE(chunk.send(chunked("")));
    bool open = true;
    while (open && Clock::now() - start < std::chrono::seconds(6)) {
      open = false;
      for (HttpClient& head : heads) open |= head.send("x");
      for (HttpClient& body : bodies) open |= body.send("x");
      for (HttpClient& chunk : chunks) open |= chunk.send("1\r\nx\r\n");
      for (int i = 0; i < 4; ++i) REQUIRE(is_a_new_client_served(daemon));
    }
    CHECK_FALSE(open);
    // Head and body share one deadline.
    for (HttpClient& head : heads) CHECK(statuses(head).empty());
  }

  TEST_CASE("who is too slow with a body is told to try again") {
    ConfiguredDaemon daemon("limits: {threads: 1, requestSeconds: 1}\n");
    for (const std::string& request : {post(kToaster), chunked("1\r\n{\r\n1\r\n}")}) {
      HttpClient slow(daemon.webhook);
      REQUIRE(slow.send(request.substr(0, request.size() - 1)));
      const auto answer = slow.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == 503);
      CHECK(answer->headers.at("retry-after") == "1");
      CHECK(answer->headers.at("connection") == "close");
      CHECK(slow.is_closed());
    }
  }

  TEST_CASE("the limit of a body holds without a length, and what is beyond is not kept") {
    Daemon daemon;
    const std::string chunk = "10000\r\n" + std::string(65536, ' ') + "\r\n";
    // One client of each kind that sends up to `count` chunks; the most that one got rid of.
    const auto flood_of_each_kind = [&](std::size_t count) {
      std::size_t most = 0;
      const auto sends_on = [&](HttpClient& client) {
        most = std::max(most, flood(client, chunk, count));
      };
      HttpClient endless(daemon.webhook);
      REQUIRE(endless.send(chunked("")));
      sends_on(endless);

      HttpClient no_length(daemon.webhook);
      REQUIRE(no_length.send("POST /allocate HTTP/1.1\r\nHost: t\r\n\r\n"));
      CHECK(no_length.read_answer()->status == 400);  // an empty body is no request of DPS
      sends_on(no_length);

      HttpClient until_closed(daemon.webhook);
      REQUIRE(until_closed.send("POST /allocate HTTP/1.0\r\n\r\n"));
      sends_on(until_closed);

      HttpClient long_length(daemon.webhook);
      REQUIRE(long_length.send(
          "POST /allocate HTTP/1.1\r\nHost: t\r\nContent-Length: 209715200\r\n\r\n"));
      sends_on(long_length);
      return most;
    };

    HttpClient chunks(daemon.webhook);
    REQUIRE(chunks.send(chunked(repeated(chunk, 16))));
    CHECK(statuses(chunks) == std::vector{413});

    // A megabyte from each first: code that runs for the first time is memory too, a few
    // megabytes of it in a build with sanitizers.
    flood_of_each_kind(16);
    const std::size_t before = daemon.peak_bytes();
    CHECK(flood_of_each_kind(3200) < 3200);  // 200 MiB; cut off long before
    CHECK(daemon.peak_bytes() - before < kFewMegabytes);
    CHECK(is_toaster_answer(ask(daemon.webhook, post(kToaster))));
  }

  TEST_CASE("a compressed body is refused, never unpacked") {
    Daemon daemon;
    REQUIRE(is_a_new_client_served(daemon));
    const std::size_t before = daemon.peak_bytes();
    // Nothing, packed: whoever unpacks it sees an empty body, and says 400.
    const std::string packed(
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00",
        20);
    struct Case {
      std::string name;
      std::string request;
      int status;
    };
    const Case cases[] = {
        {"gzip", post(packed, "Content-Encoding: gzip\r\n"), 415},
        {"in capitals", post(packed, "CONTENT-ENCODING: GZIP\r\n"), 415},
        {"deflate", post(packed, "Content-Encoding: deflate\r\n"), 415},
        {"brotli", post(packed, "Content-Encoding: br\r\n"), 415},
        {"twice", post(packed, "Content-Encoding: gzip, gzip\r\n"), 415},
        {"in chunks", chunked("14\r\n" + packed + "\r\n0\r\n\r\n", "Content-Encoding: gzip\r\n"),
         415},
        {"elsewhere", post(packed, "Content-Encoding: gzip\r\n", "/other"), 415},
        {"large", post(std::string(200'000, 'x'), "Content-Encoding: gzip\r\n"), 415},
        {"as a transfer encoding",
         "POST /allocate HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         400},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpClient client(daemon.webhook);
      REQUIRE(client.send(c.request));
      CHECK(statuses(client) == std::vector{c.status});
    }
    CHECK(daemon.peak_bytes() - before < kFewMegabytes);
  }

  TEST_CASE("a head has an end, in lines and in bytes") {
    Daemon daemon;
    REQUIRE(is_a_new_client_served(daemon));
    const std::size_t before = daemon.peak_bytes();
    const std::string head = "POST /allocate HTTP/1.1\r\nHost: t\r\n";
    struct Case {
      std::string name;
      std::string request;
      int status;
    };
    const Case cases[] = {
        {"300,000 lines", head + repeated("A: b\r\n", 300'000) + "\r\n", 431},
        {"one line", head + "A: " + std::string(2'000'000, 'a') + "\r\n\r\n", 431},
        {"a line that does not end", head + std::string(2'000'000, 'a'), 431},
        {"the target", "POST /" + std::string(10'000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n", 414},
        {"300,000 trailers", chunked("0\r\n" + repeated("A: b\r\n", 300'000) + "\r\n"), 431},
        {"empty lines", repeated("\r\n", 300'000), 400},
        {"a chunk's extension", chunked("1;" + std::string(300'000, 'a')), 400},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpClient client(daemon.webhook);
      client.send(c.request);  // may well be cut off on the way
      CHECK(statuses(client) == std::vector{c.status});
    }
    CHECK(daemon.peak_bytes() - before < kFewMegabytes);
  }

  TEST_CASE("a body is never read as the next request") {
    Daemon daemon;
    const std::string evil = post(kToaster, "X-From: inside\r\n");
    const std::string size = std::to_string(evil.size());
    const std::string whole = "\r\nContent-Length: " + size + "\r\n\r\n" + evil;
    const std::string one_chunk = "\r\nTransfer-Encoding: chunked\r\n\r\n" + [&] {
      char digits[17];
      std::snprintf(digits, sizeof digits, "%zx", evil.size());
      return std::string(digits) + "\r\n" + evil + "\r\n0\r\n\r\n";
    }();
    struct Case {
      std::string name;
      std::string request;
      std::vector<int> answers;
    };
    // Behind each stands a GET, 405, that ends the connection.
    const Case cases[] = {
        {"unknown path", "POST /other HTTP/1.1\r\nHost: t" + whole, {404, 405}},
        {"unknown path, chunks", "POST /other HTTP/1.1\r\nHost: t" + one_chunk, {404, 405}},
        {"GET", "GET /allocate HTTP/1.1\r\nHost: t" + whole, {405, 405}},
        {"GET, chunks", "GET /allocate HTTP/1.1\r\nHost: t" + one_chunk, {405, 405}},
        {"DELETE", "DELETE /allocate HTTP/1.1\r\nHost: t" + whole, {405, 405}},
        {"OPTIONS", "OPTIONS /allocate HTTP/1.1\r\nHost: t" + whole, {405, 405}},
        {"PATCH", "PATCH /allocate HTTP/1.1\r\nHost: t" + whole, {405, 405}},
        {"bad body", "POST /allocate HTTP/1.1\r\nHost: t" + whole, {400, 405}},
        {"form",
         "POST /allocate HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data" + whole,
         {400, 405}},
        // Answered before the body: it is the last on its connection.
        {"unknown method", "BREW /allocate HTTP/1.1\r\nHost: t" + whole, {400}},
        {"coded", "POST /allocate HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip" + whole, {415}},
        {"expectation", "POST /allocate HTTP/1.1\r\nHost: t\r\nExpect: more" + whole, {417}},
        {"too large",
         "POST /allocate HTTP/1.1\r\nHost: t\r\nContent-Length: 262145\r\n\r\n" + evil,
         {413}},
        {"a chunk too large", chunked("40001\r\n" + evil), {413}},
        {"HTTP/1.0", "POST /other HTTP/1.0" + whole, {404}},
        {"closing", "POST /other HTTP/1.1\r\nHost: t\r\nConnection: close" + whole, {404}},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpClient client(daemon.webhook);
      REQUIRE(client.send(c.request +
                          "GET /allocate HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
      CHECK(statuses(client) == c.answers);
    }
    daemon->send_signal(SIGTERM);
    REQUIRE(daemon->exit_code() == 0);
    CHECK(daemon->output().find("outcome=allocate") == std::string::npos);
  }

  TEST_CASE("lengths that can be read in two ways are refused, and nothing after them is read") {
    Daemon daemon;
    const std::string head = "POST /allocate HTTP/1.1\r\nHost: t\r\n";
    const std::string evil = post(kToaster);
    struct Case {
      std::string name;
      std::string bytes;
    };
    const Case cases[] = {
        {"two lengths", head + "Content-Length: 0\r\nContent-Length: 9\r\n\r\n"},
        {"twice the same", head + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"},
        {"a list of lengths", head + "Content-Length: 0, 0\r\n\r\n"},
        {"in other letters", head + "Content-Length: 0\r\ncontent-length: 9\r\n\r\n"},
        {"length, then chunks",
         head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunks, then length",
         head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
        {"chunked twice",
         head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"chunked, identity", head + "Transfer-Encoding: chunked, identity\r\n\r\n"},
        {"not quite chunked", head + "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n"},
        {"blank before the colon",
         head + "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n"},
        {"negative length", head + "Content-Length: -1\r\n\r\n"},
        {"length with a sign", head + "Content-Length: +0\r\n\r\n"},
        {"hexadecimal length", head + "Content-Length: 0x0\r\n\r\n"},
        {"no digits", head + "Content-Length:\r\n\r\n"},
        {"a length that overflows", head + "Content-Length: 18446744073709551616\r\n\r\n"},
        {"negative chunk", chunked("-1\r\n")},
        {"minus zero", chunked("-0\r\n\r\n")},
        {"chunk with a sign", chunked("+0\r\n\r\n")},
        {"chunk with 0x", chunked("0x0\r\n\r\n")},
        {"a chunk that is minus one in 64 bits", chunked("ffffffffffffffff\r\n")},
        {"a chunk that overflows", chunked("10000000000000000\r\n\r\n")},
        {"chunk without a size", chunked("\r\n\r\n")},
        {"chunk longer than its size", chunked("1\r\nxy\r\n0\r\n\r\n")},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      HttpClient client(daemon.webhook);
      REQUIRE(client.send(c.bytes + evil));
      CHECK(statuses(client) == std::vector{400});
    }
    daemon->send_signal(SIGTERM);
    REQUIRE(daemon->exit_code() == 0);
    CHECK(daemon->output().find("outcome=allocate") == std::string::npos);
  }

  TEST_CASE("a long Range is harmless, whatever the stacks") {
    for (const std::string stack : {"512", "2048", "8192", "unlimited"}) {
      CAPTURE(stack);
      ConfiguredDaemon daemon(
          "limits: {threads: 2}\n",
          {"/bin/sh", "-c", "ulimit -s " + stack + " && exec \"$0\" \"$@\"", ALLOCD_BINARY});
      const std::string ranges[] = {
          std::string(8000, '9'),
          std::string(8000, ','),
          "0-" + std::string(8000, '9'),
          repeated("0-1,", 2000),
          std::string(8000, ' '),
          std::string(8000, '-'),
          std::string(8000, 'a'),
          "0-1",
          "5-2",
      };
      for (const std::string& range : ranges) {
        CAPTURE(range.substr(0, 8));
        const auto answer = ask(daemon.webhook, post(kToaster, "Range: bytes=" + range + "\r\n"));
        CHECK(is_toaster_answer(answer));
      }
      // What else is long is harmless, too.
      for (const std::string& headers :
           {"Content-Type: " + std::string(8000, ';') + "\r\n",
            "Accept: " + repeated("a/b;q=0.1,", 800) + "\r\n",
            "Accept-Encoding: " + std::string(8000, ',') + "\r\n",
            "Authorization: Digest " + std::string(8000, '=') + "\r\n"})
        CHECK(is_toaster_answer(ask(daemon.webhook, post(kToaster, headers))));
      const auto long_path = ask(daemon.webhook, post(kToaster, "", "/" + std::string(7000, '%')));
      REQUIRE(long_path);
      CHECK(long_path->status == 404);
    }
  }

  TEST_CASE("no answer tells what went wrong inside") {
    Daemon daemon;
    const std::string nested = repeated("[", 100'000);
    const std::string requests[] = {
        post(kToaster),
        post(""),
        post("{"),
        post(nested),
        post(nested + repeated("]", 100'000)),
        post(repeated("{\"a\":", 40'000)),
        post("1e400"),
        post("{\"deviceRuntimeContext\":{\"registrationId\":1e400}}"),
        post("{\"deviceRuntimeContext\":{\"registrationId\":\"\xff\xfe\"}}"),
        post("{\"deviceRuntimeContext\":{\"registrationId\":\"\\ud800\"}}"),
        post(std::string_view("{\0}", 3)),
        post("[]"),
        post("null"),
        post(kToaster, "Content-Type: multipart/form-data; boundary=\r\n"),
        post(kToaster, "Content-Type: application/x-www-form-urlencoded\r\n"),
        post(kToaster, "", "/%zz"),
        post(kToaster, "", "/%"),
        post(kToaster, "", "/%u12"),
        post(kToaster, "", "/%00"),
        post(kToaster, "", "/allocate?a=%ff&&=&%"),
        "GET /%ff HTTP/1.1\r\nHost: t\r\n\r\n",
    };
    for (const std::string& request : requests) {
      CAPTURE(request.substr(0, 60));
      const auto answer = ask(daemon.webhook, request);
      REQUIRE(answer);
      CHECK(answer->status < 500);
      CHECK(answer->headers.count("exception_what") == 0);
      CHECK(answer->body.find("exception") == std::string::npos);
      CHECK(answer->body.find("parse_error") == std::string::npos);
    }
  }

  TEST_CASE("headers that libraries use inside change nothing from outside") {
    Daemon daemon;
    const auto plain = ask(daemon.webhook, post(kToaster));
    const auto forged = ask(daemon.webhook, post(kToaster,
                                                 "REMOTE_ADDR: 6.6.6.6\r\nREMOTE_PORT: forged\r\n"
                                                 "LOCAL_ADDR: 6.6.6.6\r\nLOCAL_PORT: forged\r\n"
                                                 "X-Forwarded-For: 6.6.6.6\r\n"
                                                 "X-HTTP-Method-Override: DELETE\r\n"));
    REQUIRE(is_toaster_answer(plain));
    REQUIRE(is_toaster_answer(forged));
    auto headers = forged->headers;
    headers["x-allocd-decision"] = plain->headers.at("x-allocd-decision");
    CHECK(headers == plain->headers);
    daemon->send_signal(SIGTERM);
    REQUIRE(daemon->exit_code() == 0);
    CHECK(daemon->output().find("6.6.6.6") == std::string::npos);
    CHECK(daemon->output().find("forged") == std::string::npos);
  }

  TEST_CASE("thousands of silent connections keep no real client out") {
    const DescriptorLimit limit(8000);
    REQUIRE(limit.count() >= 4096);  // `ulimit -Hn`
    SUBCASE("where there is room for fewer, who was silent for longest gives way") {
      Daemon daemon;  // room for 1,024
      auto silent = silent_clients(daemon, 3000);
      HttpClient real(daemon.webhook);
      REQUIRE(real.send(post(kToaster)));
      CHECK(is_toaster_answer(real.read_answer()));
      const auto told = silent.front().read_answer();
      REQUIRE(told);
      CHECK(told->status == 503);
      CHECK(silent.front().is_closed());
      CHECK(is_served(silent.back()));
    }
    SUBCASE("where there is room, all of them stay, and are served when they speak") {
      ConfiguredDaemon daemon("limits: {connections: 5000, threads: 2}\n");
      REQUIRE(is_a_new_client_served(daemon));
      const std::size_t before = daemon.resident_bytes();
      auto silent = silent_clients(daemon, 3000);
      HttpClient real(daemon.webhook);
      REQUIRE(real.send(post(kToaster)));
      CHECK(is_toaster_answer(real.read_answer()));
      // Some kilobytes each, with what a sanitizer adds; a thread each would be as many megabytes.
      CHECK(daemon.resident_bytes() - before < 3000 * 8192);
      int served = 0;
      for (HttpClient& client : silent) served += is_served(client) ? 1 : 0;
      CHECK(served == 3000);
    }
  }

  TEST_CASE("a path is text, not a pattern") {
    ConfiguredDaemon daemon("webhook: {path: /a.c+}\n");
    CHECK(is_toaster_answer(ask(daemon.webhook, post(kToaster, "", "/a.c+"))));
    for (const std::string path : {"/abc", "/a.cc", "/a.c", "/a.c+/", "/A.C+", "//a.c+", "/"}) {
      CAPTURE(path);
      CHECK(ask(daemon.webhook, post(kToaster, "", path))->status == 404);
    }
  }

  TEST_CASE("the wrong method is 405 and says which is right") {
    Daemon daemon;
    for (const std::string method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
      CAPTURE(method);
      HttpClient client(daemon.webhook);
      REQUIRE(client.send(method + " /allocate HTTP/1.1\r\nHost: t\r\n\r\n"));
      const auto answer = client.read_answer(method == "HEAD");
      REQUIRE(answer);
      CHECK(answer->status == 405);
      CHECK(answer->headers.at("allow") == "POST");
    }
    const auto admin = ask(daemon.admin, request_text("POST", "/healthz", ""));
    REQUIRE(admin);
    CHECK(admin->status == 405);
    CHECK(admin->headers.at("allow") == "GET, HEAD");
  }

  TEST_CASE("requests that come in one packet are all answered, in order") {
    Daemon daemon;
    HttpClient client(daemon.webhook);
    REQUIRE(client.send(post(kToaster) + post("{") + post(kToaster, "", "/other") +
                        chunked("2\r\n{}\r\n0\r\n\r\n") + kGet + post(kToaster)));
    CHECK(is_toaster_answer(client.read_answer()));
    for (const int status : {400, 404, 400, 405}) {
      const auto answer = client.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == status);
    }
    CHECK(is_toaster_answer(client.read_answer()));
  }

  TEST_CASE("an answer is one segment, and waits for no acknowledgement") {
    Daemon daemon;
    HttpClient client(daemon.webhook);
    const std::string request = post(kToaster);
    const auto twenty = [&] {
      for (int i = 0; i < 20; ++i) {
        REQUIRE(client.send(request));
        REQUIRE(is_toaster_answer(client.read_answer()));
      }
    };
    // The kernel acknowledges at once in the beginning, and would hide a wait.
    twenty();
    const unsigned before = segments_in(client);
    auto best = Clock::duration::max();
    for (int round = 0; round < 10; ++round) {
      const auto start = Clock::now();
      twenty();
      best = std::min(best, Clock::now() - start);
    }
    // Head and body apart would be 400; one that is sent again by a busy kernel counts twice.
    CHECK(segments_in(client) - before < 300);
    // Each of them waiting 40 ms would make 800 ms of every round. A busy machine slows down some
    // rounds, but there is no wait in them that it could lengthen ten times in a row.
    CHECK(best < std::chrono::milliseconds(400));
  }
}
