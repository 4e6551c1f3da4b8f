// Asking servers: those that answer well, and those that are deaf, slow, rude or somebody else.
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "http/client.h"
#include "http/server.h"
#include "http/tls.h"
#include "support/certificates.h"
#include "support/process.h"

using namespace allocd;
using namespace std::chrono_literals;
using allocd::test::Identity;
using allocd::test::TemporaryFolder;

namespace {

constexpr auto kPatience = 20s;
// For those who never answer.
constexpr auto kLittlePatience = 200ms;
const std::string kNoAnswer = "no answer within 200 ms";

const std::string kJson = "application/json";

// A server that keeps no rule but what it is told: `serve` gets one connection after the other, and
// their number, from 0; it is closed when that returns.
class PlainServer {
 public:
  using Serve = std::function<void(int fd, int number)>;

  explicit PlainServer(Serve serve) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* where = reinterpret_cast<sockaddr*>(&name);
    if (bind(fd_, where, size) != 0 || listen(fd_, 8) != 0 || getsockname(fd_, where, &size) != 0)
      throw std::runtime_error("no port to listen on");
    address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int number = 0;; ++number) {
        const int connection = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) return;
        ++connections_;
        serve(connection, number);
        close(connection);
      }
    });
  }
  ~PlainServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;

  const std::string& address() const { return address_; }
  int connections() const { return connections_; }

 private:
  int fd_;
  std::string address_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

void send_to(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// What comes up to `text`, with it; or up to the end.
std::string receive_until(int fd, std::string_view text) {
  std::string out;
  char byte = 0;
  while (!out.ends_with(text) && recv(fd, &byte, 1, 0) == 1) out += byte;
  return out;
}

void wait_for_end(int fd) {
  pollfd watched{fd, POLLRDHUP, 0};
  poll(&watched, 1, -1);
}

// One byte after the other, with time between them, until the other side has had enough.
void drip(int fd, std::string_view bytes) {
  for (std::size_t i = 0;; i = (i + 1) % bytes.size()) {
    send_to(fd, bytes.substr(i, 1));
    pollfd watched{fd, POLLRDHUP, 0};
    if (poll(&watched, 1, 10) > 0) return;
  }
}

std::string ok(std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

HttpUrl url_of(const std::string& text) {
  std::string why;
  const auto url = parse_url(text, why);
  if (!url) throw std::runtime_error(why);
  return *url;
}

HttpClient client_of(const PlainServer& server) {
  return HttpClient(url_of("http://" + server.address() + "/x"));
}

// `200 body`, or the reason.
std::string told(const std::variant<HttpReply, NoReply>& answer) {
  if (const auto* none = std::get_if<NoReply>(&answer)) return none->reason;
  const auto& reply = std::get<HttpReply>(answer);
  return std::to_string(reply.status) + " " + reply.body;
}

std::string post(HttpClient& client, const std::string& body,
                 std::chrono::milliseconds patience = kPatience) {
  return told(client.post(body, kJson, patience));
}

std::string post(HttpClient&& client, const std::string& body,
                 std::chrono::milliseconds patience = kPatience) {
  return post(client, body, patience);
}

// All of a request, and a status and type of its own for some paths.
HttpResponse echo(const HttpRequest& request) {
  if (request.path == "/401") return {401, "application/json", "{\"why\":\"key\"}", {}};
  if (request.path == "/302") return {302, "text/plain", "", {{"Location", "/401"}}};
  if (request.path == "/204") return {204, "", "", {}};
  if (request.path == "/large") return {200, "text/plain", std::string(2000, 'x'), {}};
  if (request.path == "/size") return {200, "text/plain", std::to_string(request.body.size()), {}};
  std::string body = request.method + " " + request.path + "?" + request.query;
  for (const auto& [name, value] : request.headers) body += "|" + name + ": " + value;
  return {200, "text/plain", body + "|" + request.body, {}};
}

}  // namespace

TEST_SUITE("threads: http client") {
  TEST_CASE("a server is asked, and its answer comes back as it is") {
    const HttpServer server({"127.0.0.1:0"}, {}, echo);
    const auto ask = [&](const std::string& target, const std::string& body) {
      return post(HttpClient(url_of("http://" + server.address() + target)), body);
    };
    CHECK(ask("/api/x%20y?code=A%2Fb==", "{}") ==
          "200 POST /api/x y?code=A%2Fb==|host: " + server.address() +
              "|content-type: application/json|content-length: 2|accept-encoding: identity|{}");
    CHECK(ask("/401", "") == "401 {\"why\":\"key\"}");
    CHECK(ask("/302", "") == "302 ");
    CHECK(ask("/204", "") == "204 ");
    CHECK(server.answers() == std::map<int, std::uint64_t>{{200, 1}, {204, 1}, {302, 1}, {401, 1}});
    HttpClient client(url_of("http://" + server.address() + "/401"));
    const auto answer = client.post("", kJson, kPatience);
    REQUIRE(std::holds_alternative<HttpReply>(answer));
    CHECK(std::get<HttpReply>(answer).content_type == "application/json");
  }

  TEST_CASE("IPv6, and a name with more than one address") {
    const HttpServer v6({"[::1]:0"}, {}, echo);
    CHECK(post(HttpClient(url_of("http://" + v6.address())), "a")
              .starts_with("200 POST /?|host: " + v6.address() + "|"));
    const HttpServer v4({"127.0.0.1:0"}, {}, echo);
    const std::string port = v4.address().substr(v4.address().rfind(':'));
    CHECK(post(HttpClient(url_of("http://localhost" + port)), "a")
              .starts_with("200 POST /?|host: localhost" + port + "|"));
  }

  TEST_CASE("a connection is kept from one request to the next") {
    const PlainServer server([](int fd, int number) {
      while (receive_until(fd, "question").ends_with("question"))
        send_to(fd, ok(std::to_string(number)));
    });
    HttpClient client = client_of(server);
    for (int i = 0; i < 3; ++i) CHECK(post(client, "question") == "200 0");
    HttpClient moved = std::move(client);
    CHECK(post(moved, "question") == "200 0");
    CHECK(server.connections() == 1);
  }

  TEST_CASE("a connection that was closed between two requests is made anew") {
    const PlainServer server([](int fd, int number) {
      receive_until(fd, "question");
      send_to(fd, ok(std::to_string(number)));
    });
    HttpClient client = client_of(server);
    for (const char* number : {"0", "1", "2"})
      CHECK(post(client, "question") == "200 " + std::string(number));
  }

  TEST_CASE("a connection that is to end is not asked again") {
    const PlainServer server([](int fd, int number) {
      receive_until(fd, "question");
      send_to(fd, ok(std::to_string(number), "Connection: close\r\n"));
      wait_for_end(fd);
    });
    HttpClient client = client_of(server);
    for (const char* number : {"0", "1"})
      CHECK(post(client, "question") == "200 " + std::string(number));
  }

  TEST_CASE("one that is closed when a request has just come is made anew, once") {
    std::vector<std::string> requests;
    {
      const PlainServer server([&](int fd, int number) {
        requests.push_back(receive_until(fd, "question"));
        if (number == 2) return;
        send_to(fd, ok(std::to_string(number)));
        requests.push_back(receive_until(fd, "question"));
      });
      HttpClient client = client_of(server);
      CHECK(post(client, "a question") == "200 0");
      CHECK(post(client, "the question") == "200 1");
      CHECK(post(client, "a last question") == "it closed the connection without an answer");
    }
    REQUIRE(requests.size() == 5);
    CHECK(requests[1] == requests[2]);
    CHECK(requests[3] == requests[4]);
    CHECK(requests[4].ends_with("a last question"));
  }

  TEST_CASE("a new connection that ends without an answer is not made again") {
    const PlainServer server([](int fd, int) { receive_until(fd, "question"); });
    CHECK(post(client_of(server), "question") == "it closed the connection without an answer");
    CHECK(server.connections() == 1);
  }

  TEST_CASE("what a kept connection says unasked is no answer to the next request") {
    std::promise<void> said;
    const PlainServer server([&](int fd, int number) {
      receive_until(fd, "question");
      send_to(fd, ok(std::to_string(number)));
      if (number > 0) return;
      send_to(fd, ok("unasked"));
      said.set_value();
      wait_for_end(fd);
    });
    HttpClient client = client_of(server);
    CHECK(post(client, "question") == "200 0");
    said.get_future().wait();
    CHECK(post(client, "question") == "200 1");
  }

  TEST_CASE("an answer that comes before the request was read counts") {
    const std::string busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    const PlainServer hasty([&](int fd, int) { send_to(fd, busy); });
    CHECK(post(client_of(hasty), "question") == "503 busy");
    // The connection breaks under what is still being sent.
    CHECK(post(client_of(hasty), std::string(32 << 20, 'x')) == "503 busy");

    HttpLimits limits;
    limits.connections = 0;
    const HttpServer full({"127.0.0.1:0"}, limits, echo);
    CHECK(post(HttpClient(url_of("http://" + full.address())), "question") ==
          "503 too many connections\n");

    // And one that never reads the rest.
    std::promise<void> answered;
    auto done = answered.get_future();
    const PlainServer deaf([&](int fd, int) {
      receive_until(fd, "\r\n\r\n");
      send_to(fd, "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n");
      done.wait();
    });
    CHECK(post(client_of(deaf), std::string(32 << 20, 'x')) == "413 ");
    answered.set_value();
  }

  TEST_CASE("where nobody is, nobody answers") {
    std::string address;
    {
      const PlainServer server([](int, int) {});
      address = server.address();
    }
    CHECK(post(HttpClient(url_of("http://" + address)), "x") == "nobody answers there");
    CHECK(post(HttpClient(url_of("https://" + address)), "x") == "nobody answers there");
    CHECK(
        post(HttpClient(url_of("http://a..b")), "x").starts_with("its name cannot be looked up: "));
  }

  TEST_CASE("no server holds a client longer than it has patience") {
    struct Case {
      std::string name;
      std::string scheme;
      PlainServer::Serve serve;
    };
    const auto begin = [](int fd, std::string_view bytes) {
      receive_until(fd, "question");
      send_to(fd, bytes);
    };
    const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const Case cases[] = {
        {"silent", "http://", [](int fd, int) { wait_for_end(fd); }},
        {"no TLS at all", "https://", [](int fd, int) { wait_for_end(fd); }},
        {"half a head", "http://",
         [&](int fd, int) {
           begin(fd, "HTTP/1.1 200 OK\r\nConte");
           wait_for_end(fd);
         }},
        {"drips a head", "http://",
         [&](int fd, int) {
           begin(fd, "HTTP/1.1 200 OK\r\nA: ");
           drip(fd, "x");
         }},
        {"drips a body", "http://",
         [&](int fd, int) {
           begin(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
           drip(fd, "x");
         }},
        {"drips until the end", "http://",
         [&](int fd, int) {
           begin(fd, "HTTP/1.1 200 OK\r\n\r\n");
           drip(fd, "x");
         }},
        {"drips chunks", "http://",
         [&](int fd, int) {
           begin(fd, chunks);
           drip(fd, "1\r\nx\r\n");
         }},
        {"drips answers that are none yet", "http://",
         [&](int fd, int) {
           begin(fd, "");
           drip(fd, "HTTP/1.1 100 Continue\r\n\r\n");
         }},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      const PlainServer server([&](int fd, int number) {
        if (number == 0) return c.serve(fd, number);
        begin(fd, ok("at last"));
      });
      HttpClient client(url_of(c.scheme + server.address()));
      const auto start = std::chrono::steady_clock::now();
      CHECK(post(client, "question", kLittlePatience) == kNoAnswer);
      CHECK(std::chrono::steady_clock::now() - start >= kLittlePatience);
      if (c.scheme == "http://") CHECK(post(client, "question") == "200 at last");
    }
    // One that takes no more of a request.
    std::promise<void> ended;
    auto done = ended.get_future();
    const PlainServer deaf([&](int, int) { done.wait(); });
    CHECK(post(client_of(deaf), std::string(32 << 20, 'x'), kLittlePatience) == kNoAnswer);
    ended.set_value();
    // One that never pauses.
    const PlainServer flood([&](int fd, int) {
      std::string many;
      for (int i = 0; i < 10'000; ++i) many += "1\r\nx\r\n";
      begin(fd, chunks);
      pollfd watched{fd, POLLRDHUP, 0};
      while (poll(&watched, 1, 0) == 0) send_to(fd, many);
    });
    CHECK(told(client_of(flood).post("question", kJson, kLittlePatience, 1 << 30)) == kNoAnswer);
    const PlainServer late([](int fd, int) { wait_for_end(fd); });
    CHECK(post(client_of(late), "x", 0ms) == "no answer within 0 s");
    CHECK(told(ask_server(late.address(), "GET", "/", 1s)) == "no answer within 1 s");
  }

  TEST_CASE("what is too large, cut off or no HTTP is no answer, and says so") {
    struct Case {
      std::string name;
      std::string answer;
      std::string told;
    };
    const Case cases[] = {
        {"too large", ok(std::string(1001, 'x')), "its answer has more than 1000 bytes"},
        {"just not", ok(std::string(1000, 'x')), "200 " + std::string(1000, 'x')},
        {"a large head", ok("x", "A: " + std::string(1000, 'x') + "\r\n"),
         "its answer cannot be read: its head is too long"},
        {"half", ok("abc").substr(0, ok("abc").size() - 1), "its answer was cut off"},
        {"until the end", "HTTP/1.1 200 OK\r\n\r\nabc", "200 abc"},
        {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n",
         "its answer cannot be read: it is no HTTP/1.1"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      const PlainServer server([&](int fd, int) {
        receive_until(fd, "question");
        send_to(fd, c.answer);
      });
      HttpClient client = client_of(server);
      CHECK(told(client.post("question", kJson, kPatience, 1000)) == c.told);
    }
    // The body ends with the connection, but not this way.
    const PlainServer server([&](int fd, int) {
      receive_until(fd, "question");
      send_to(fd, "HTTP/1.1 200 OK\r\n\r\nabc");
      const linger reset{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    });
    CHECK(post(client_of(server), "question") == "its answer was cut off");
  }

  TEST_CASE("large bodies go through, in the clear and in TLS") {
    const TemporaryFolder folder;
    const Identity authority = Identity::authority("root");
    const Identity identity = authority.issue("127.0.0.1");
    const TlsContext context({identity.certificate(), identity.key(), ""});
    const std::string ca = folder.write("ca.pem", authority.certificate());
    HttpLimits limits;
    limits.body_bytes = 8 << 20;
    for (const TlsContext* tls : {static_cast<const TlsContext*>(nullptr), &context}) {
      const HttpServer server({.address = "127.0.0.1:0", .tls = tls}, limits, echo);
      const std::string place = (tls != nullptr ? "https://" : "http://") + server.address();
      HttpClient client(url_of(place + "/size"), ca);
      const std::string body(8 << 20, 'x');
      for (int i = 0; i < 2; ++i) CHECK(post(client, body) == "200 8388608");
      HttpClient echoing(url_of(place + "/"), ca);
      const auto answer = echoing.post(body, kJson, kPatience, 9 << 20);
      REQUIRE(std::holds_alternative<HttpReply>(answer));
      CHECK(std::get<HttpReply>(answer).body.ends_with("|" + body));
      CHECK(server.connections() == 2);
    }
  }

  TEST_CASE("who a server says it is, is checked") {
    const TemporaryFolder folder;
    const Identity authority = Identity::authority("root");
    const Identity middle = authority.issue_authority("middle");
    const Identity alone = Identity::alone("localhost");
    const std::string right = folder.write("ca.pem", authority.certificate());
    const std::string wrong = folder.write("other.pem", Identity::authority("other").certificate());
    const std::string both = folder.write(
        "both.pem", Identity::authority("other").certificate() + authority.certificate());
    const std::string inner = folder.write("middle.pem", middle.certificate());
    const std::string itself = folder.write("self.pem", alone.certificate());
    const std::string empty = folder.write("empty.pem", "");
    const std::string missing = folder.path() + "/missing.pem";
    const std::string unknown = "its certificate is not of an authority that is known here";
    const std::string other_host = "its certificate is for another host";
    const auto unusable = [](const std::string& file) {
      return "no certificate of an authority can be read from `" + file + "`";
    };
    struct Case {
      std::string name;
      Identity identity;
      std::string host;
      std::string believed;
      std::string told;
    };
    const Case cases[] = {
        {"right", authority.issue("localhost"), "localhost", right, "200 4"},
        {"one of two", authority.issue("localhost"), "localhost", both, "200 4"},
        {"an address", authority.issue("127.0.0.1"), "127.0.0.1", right, "200 4"},
        {"itself", alone, "localhost", itself, "200 4"},
        {"an inner authority", middle.issue("localhost"), "localhost", inner, "200 4"},
        {"an authority that is missing", middle.issue("localhost"), "localhost", right, unknown},
        {"another authority", authority.issue("localhost"), "localhost", wrong, unknown},
        {"none of the system's", authority.issue("localhost"), "localhost", "", unknown},
        {"self-signed", alone, "localhost", right, unknown},
        {"another name", authority.issue("elsewhere"), "localhost", right, other_host},
        {"a name for an address", authority.issue("localhost"), "127.0.0.1", right, other_host},
        {"an address for a name", authority.issue("127.0.0.1"), "localhost", right, other_host},
        {"expired", authority.issue("localhost", -1), "localhost", right,
         "its certificate has expired"},
        {"no file", authority.issue("localhost"), "localhost", missing, unusable(missing)},
        {"nobody in it", authority.issue("localhost"), "localhost", empty, unusable(empty)},
    };
    for (const Case& c : cases) {
      CAPTURE(c.name);
      const TlsContext context({c.identity.certificate(), c.identity.key(), ""});
      const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, echo);
      const std::string port = server.address().substr(server.address().rfind(':'));
      HttpClient client(url_of("https://" + c.host + port + "/size"), c.believed);
      for (int i = 0; i < 2; ++i) CHECK(post(client, "body") == c.told);
    }
    // The file may be written when the client is there already.
    const Identity late = authority.issue("localhost");
    const TlsContext context({late.certificate(), late.key(), ""});
    const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, echo);
    const std::string port = server.address().substr(server.address().rfind(':'));
    HttpClient client(url_of("https://localhost" + port + "/size"), missing);
    CHECK(post(client, "body") == unusable(missing));
    folder.write("missing.pem", authority.certificate());
    CHECK(post(client, "body") == "200 4");
  }

  TEST_CASE("a server without TLS, and one that is asked by name") {
    const HttpServer plain({"127.0.0.1:0"}, {}, echo);
    CHECK(post(HttpClient(url_of("https://" + plain.address())), "x") ==
          "no TLS connection can be made with it");
    std::string hello;
    {
      const PlainServer server([&](int fd, int) { hello += receive_until(fd, "localhost"); });
      const std::string port = server.address().substr(server.address().rfind(':'));
      CHECK(post(HttpClient(url_of("https://localhost" + port)), "x") ==
            "no TLS connection can be made with it");
    }
    CHECK(hello.ends_with("localhost"));
  }

  TEST_CASE("in TLS only a farewell is an end; without it an answer was cut off") {
    const TemporaryFolder folder;
    const Identity authority = Identity::authority("root");
    const Identity identity = authority.issue("127.0.0.1");
    const TlsContext context({identity.certificate(), identity.key(), ""});
    const std::string ca = folder.write("ca.pem", authority.certificate());
    const PlainServer server([&](int fd, int number) {
      const Ssl ssl = context.new_session();
      SSL_set_fd(ssl.get(), fd);
      char request[4096];
      if (SSL_read(ssl.get(), request, sizeof request) <= 0) return;
      const std::string answer = "HTTP/1.1 200 OK\r\n\r\nabc";
      SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
      if (number == 0) SSL_shutdown(ssl.get());
    });
    HttpClient client(url_of("https://" + server.address()), ca);
    CHECK(post(client, "x") == "200 abc");
    CHECK(post(client, "x") == "its answer was cut off");
  }

  TEST_CASE("a daemon is asked at its address, or at its socket") {
    const TemporaryFolder folder;
    const HttpServer server({"127.0.0.1:0"}, {}, echo);
    CHECK(told(ask_server(server.address(), "POST", "/reload?force=true", 20s)) ==
          "200 POST /reload?force=true|host: " + server.address() +
              "|content-length: 0|accept-encoding: identity|");
    const std::string path = "unix:" + folder.path() + "/socket";
    {
      const HttpServer on_socket({path}, {}, echo);
      CHECK(told(ask_server(path, "GET", "/401", 20s)) == "401 {\"why\":\"key\"}");
      CHECK(told(ask_server(path, "GET", "/", 20s)).starts_with("200 GET /?|host: localhost|"));
    }
    CHECK(told(ask_server(path, "GET", "/", 20s)) == "nobody answers there");
    const PlainServer silent([](int fd, int) { receive_until(fd, "\r\n\r\n"); });
    CHECK(told(ask_server(silent.address(), "GET", "/", 20s)) ==
          "it closed the connection without an answer");
    for (const char* address : {"", "localhost", ":80", "localhost:x", "localhost:65536", "::1:80"})
      CHECK(told(ask_server(address, "GET", "/", 20s)) ==
            "not HOST:PORT, such as `127.0.0.1:8081`, nor `unix:/PATH`");
    CHECK(told(ask_server("unix:", "GET", "/", 20s)) == "the path of a socket has 1 to 107 bytes");
  }
}
