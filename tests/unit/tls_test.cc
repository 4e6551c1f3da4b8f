// TLS on a listener: who gets in, what is agreed, and how handshakes end.
#include "http/tls.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/certificates.h"
#include "support/http_client.h"
#include "support/tls_client.h"

using namespace allocd;
using namespace allocd::test;

namespace {

HttpResponse echo(const HttpRequest& request) {
  return {200, "text/plain", request.method + " " + request.path + " " + request.body, {}};
}

std::string shown(const std::string& der) { return std::to_string(der.size()) + ":" + der + ";"; }

HttpResponse tell_shown(const HttpRequest& request) {
  HttpResponse out;
  if (!request.client_certificates) out.body = "none";
  if (request.client_certificates)
    for (const std::string& der : *request.client_certificates) out.body += shown(der);
  return out;
}

TlsMaterial material_of(const Identity& identity) {
  return {identity.certificate(), identity.key(), ""};
}

const std::string kGet = "GET /a HTTP/1.1\r\nHost: t\r\n\r\n";

// An authority, a server with one of its certificates, and how clients reach it.
struct World {
  explicit World(HttpLimits limits = {}, std::string client_ca = "")
      : context({server_identity.certificate(), server_identity.key(), std::move(client_ca)}),
        server({.address = "127.0.0.1:0", .tls = &context}, limits, echo) {}

  TlsOptions options(TlsVersion version = TlsVersion::V1_3) const {
    return {.authority = authority.certificate(), .version = version};
  }

  Identity authority = Identity::authority("root");
  Identity server_identity = authority.issue("server");
  TlsContext context;
  HttpServer server;
};

// The session of a connection that was made and used.
std::shared_ptr<ssl_session_st> used_session(const World& world, const TlsOptions& options) {
  TlsClient client(world.server.address(), options);
  REQUIRE(client.send(kGet));
  REQUIRE(client.read_answer());
  REQUIRE(client.session());
  return client.session();
}

std::string refusal(const TlsMaterial& material) {
  try {
    const TlsContext context(material);
    return "";
  } catch (const TlsError& error) {
    return error.message;
  }
}

}  // namespace

TEST_CASE("a certificate without an end is valid until the end of the year 9999") {
  using namespace std::chrono;
  const sys_days end = year(9999) / December / 31;
  const auto days_left = (end - floor<days>(system_clock::now())).count();
  const TlsContext context(material_of(Identity::alone("server", static_cast<int>(days_left))));
  CHECK(floor<days>(context.valid_until()) == end);
}

TEST_SUITE("threads: tls") {
  TEST_CASE("requests are answered under TLS 1.2 and 1.3, and nothing older") {
    const World world;
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      TlsClient client(world.server.address(), world.options(version));
      REQUIRE(client.is_open());
      CHECK(client.peer() == "server");
      for (int i = 0; i < 3; ++i) {
        REQUIRE(client.send(request_text("POST", "/x", "body")));
        const auto answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->body == "POST /x body");
      }
      REQUIRE(client.send(request_text("GET", "/x", "", "Connection: close\r\n")));
      REQUIRE(client.read_answer());
      CHECK(client.is_finished());
    }
    CHECK_FALSE(TlsClient(world.server.address(), world.options(TlsVersion::V1_1)).is_open());
  }

  TEST_CASE("HTTP/1.1 is agreed where the client asks, and nothing else") {
    const World world;
    struct Case {
      std::string offered;
      bool open;
      std::string agreed;
    };
    const Case cases[] = {
        {"", true, ""},
        {"\x08http/1.1", true, "http/1.1"},
        {"\x02h2\x08http/1.1", true, "http/1.1"},
        {"\x02h2", false, ""},
    };
    for (const Case& c : cases) {
      CAPTURE(c.offered);
      TlsOptions options = world.options();
      options.protocols = c.offered;
      const TlsClient client(world.server.address(), options);
      CHECK(client.is_open() == c.open);
      if (c.open) CHECK(client.protocol() == c.agreed);
    }
  }

  TEST_CASE("certificates between ours and the root are sent along") {
    const Identity root = Identity::authority("root");
    const Identity middle = root.issue_authority("middle");
    const Identity leaf = middle.issue("server");
    const TlsContext context({leaf.certificate() + middle.certificate(), leaf.key(), ""});
    const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, echo);
    CHECK(TlsClient(server.address(), {.authority = root.certificate()}).is_open());
    CHECK_FALSE(
        TlsClient(server.address(), {.authority = Identity::authority("other").certificate()})
            .is_open());
  }

  TEST_CASE("sessions are resumed until the certificate changes") {
    World world;
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      TlsOptions options = world.options(version);
      options.resume = used_session(world, options);
      TlsClient again(world.server.address(), options);
      REQUIRE(again.is_open());
      CHECK(again.was_resumed());
      REQUIRE(again.send(kGet));
      CHECK(again.read_answer());

      TlsClient before(world.server.address(), world.options(version));
      REQUIRE(before.is_open());
      world.context.replace(material_of(world.authority.issue("new")));
      options.server_name = "new";
      TlsClient after(world.server.address(), options);
      REQUIRE(after.is_open());
      CHECK_FALSE(after.was_resumed());
      CHECK(after.peer() == "new");
      REQUIRE(before.send(kGet));
      CHECK(before.read_answer());
      world.context.replace(material_of(world.server_identity));
    }
  }

  TEST_CASE("where certificates of clients are required, only those of the authority get in") {
    const Identity clients = Identity::authority("clients");
    const Identity good = clients.issue("dps");
    const Identity stranger = Identity::authority("others").issue("dps");
    const Identity over = clients.issue("dps", -1);
    const World world({}, clients.certificate());
    const auto is_served = [&](const Identity* identity, TlsVersion version,
                               std::shared_ptr<ssl_session_st> resume = nullptr) {
      TlsOptions options = world.options(version);
      options.identity = identity;
      options.resume = std::move(resume);
      TlsClient client(world.server.address(), options);
      // Under TLS 1.3 the client thinks that it is in before the server has looked.
      const bool served = client.is_open() && client.send(kGet) && client.read_answer();
      if (options.resume) CHECK(client.was_resumed());
      return served;
    };
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      CHECK(is_served(&good, version));
      CHECK_FALSE(is_served(nullptr, version));
      CHECK_FALSE(is_served(&stranger, version));
      CHECK_FALSE(is_served(&over, version));
      TlsOptions options = world.options(version);
      options.identity = &good;
      CHECK(is_served(&good, version, used_session(world, options)));
    }
  }

  TEST_CASE("clients that are asked who they are show what they like, and all of it arrives") {
    const Identity authority = Identity::authority("root");
    const Identity server_identity = authority.issue("server");
    TlsMaterial material = material_of(server_identity);
    material.asks_clients = true;
    const TlsContext context(material);
    const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, tell_shown);

    const Identity root = Identity::authority("devices");
    const Identity middle = root.issue_authority("plant");
    const Identity device = middle.issue("device");
    const Identity alone = Identity::alone("alone");
    const Identity over = Identity::alone("over", -1);
    const Identity over_below = middle.issue("over", -1);
    const Identity is_authority = Identity::authority("device");
    struct Case {
      std::string name;
      const Identity* identity;
      std::vector<Identity> along;
    };
    const Case cases[] = {
        {"none", nullptr, {}},
        {"of an unknown authority", &device, {}},
        {"with an intermediate", &device, {middle}},
        {"with all", &device, {middle, root}},
        {"in an order of its own", &device, {root, middle}},
        {"with one that has nothing to do with it", &device, {alone}},
        {"self-signed", &alone, {}},
        {"expired", &over, {}},
        {"expired, with its chain", &over_below, {middle, root}},
        {"an authority itself", &is_authority, {}},
        {"of the server's own authority", &server_identity, {authority}},
        {"very many", &device, std::vector<Identity>(150, middle)},
    };
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      for (const Case& c : cases) {
        CAPTURE(c.name);
        TlsClient client(server.address(), {.authority = authority.certificate(),
                                            .version = version,
                                            .identity = c.identity,
                                            .along = c.along});
        std::string expected = c.identity != nullptr ? shown(c.identity->der()) : "none";
        for (const Identity& next : c.along) expected += shown(next.der());
        for (int request = 0; request < 2; ++request) {
          REQUIRE(client.send(kGet));
          const auto answer = client.read_answer();
          REQUIRE(answer);
          CHECK(answer->body == expected);
        }
        CHECK_FALSE(client.was_resumed());
        CHECK_FALSE(client.session());  // there is nothing to come back with
      }
    }
  }

  TEST_CASE("who is asked must have the key of its certificate, and no more than 100 KB of them") {
    const Identity authority = Identity::authority("root");
    TlsMaterial material = material_of(authority.issue("server"));
    material.asks_clients = true;
    const TlsContext context(material);
    const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, tell_shown);
    const Identity good = Identity::alone("device");
    const Identity impostor = good.impostor();
    const auto is_served = [&](const Identity& identity, std::size_t along, TlsVersion version) {
      TlsClient client(server.address(), {.authority = authority.certificate(),
                                          .version = version,
                                          .identity = &identity,
                                          .along = std::vector<Identity>(along, good)});
      return client.is_open() && client.send(kGet) && client.read_answer();
    };
    const std::size_t too_many = 102'400 / good.der().size();
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      CHECK(is_served(good, 0, version));
      CHECK_FALSE(is_served(impostor, 0, version));
      CHECK_FALSE(is_served(good, too_many, version));
    }
  }

  TEST_CASE("a connection's requests share its client's certificates") {
    const Identity authority = Identity::authority("root");
    TlsMaterial material = material_of(authority.issue("server"));
    material.asks_clients = true;
    const TlsContext context(material);
    std::mutex mutex;
    std::vector<HttpRequest> requests;  // which keeps what they hold
    const auto keep = [&](const HttpRequest& request) {
      const std::lock_guard lock(mutex);
      requests.push_back(request);
      return HttpResponse{};
    };
    const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, keep);
    const Identity device = Identity::alone("device");
    for (int connection = 0; connection < 2; ++connection) {
      TlsClient client(server.address(),
                       {.authority = authority.certificate(), .identity = &device});
      for (int request = 0; request < 2; ++request) {
        REQUIRE(client.send(kGet));
        REQUIRE(client.read_answer());
      }
    }
    const std::lock_guard lock(mutex);
    REQUIRE(requests.size() == 4);
    REQUIRE(requests[0].client_certificates);
    CHECK(requests[0].client_certificates == requests[1].client_certificates);
    CHECK(requests[2].client_certificates == requests[3].client_certificates);
    CHECK(requests[0].client_certificates != requests[2].client_certificates);
  }

  TEST_CASE("certificates that are required arrive too; without TLS, or unasked, there are none") {
    const Identity authority = Identity::authority("root");
    const Identity device = authority.issue("device");
    const auto body_of = [&](const TlsMaterial& material) {
      const TlsContext context(material);
      const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, {}, tell_shown);
      TlsClient client(server.address(),
                       {.authority = authority.certificate(), .identity = &device});
      REQUIRE(client.send(kGet));
      const auto answer = client.read_answer();
      REQUIRE(answer);
      return answer->body;
    };
    TlsMaterial material = material_of(authority.issue("server"));
    CHECK(body_of(material) == "none");
    material.client_ca = authority.certificate();
    CHECK(body_of(material).starts_with(shown(device.der())));
    const HttpServer plain({"127.0.0.1:0"}, {}, tell_shown);
    CHECK(ask(plain.address(), kGet)->body == "none");
  }

  TEST_CASE("large requests and answers, pipelined, in many records") {
    HttpLimits limits;
    limits.body_bytes = 1 << 20;
    const World world(limits);
    const std::string body(900'000, 'x');
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      TlsClient client(world.server.address(), world.options(version));
      for (int i = 0; i < 2; ++i) {
        REQUIRE(client.send(request_text("POST", "/x", body)));
        const auto answer = client.read_answer();
        REQUIRE(answer);
        CHECK(answer->body == "POST /x " + body);
      }
      std::string many;
      for (int i = 0; i < 500; ++i) many += request_text("POST", "/x", std::to_string(i));
      REQUIRE(client.send(many));
      for (int i = 0; i < 500; ++i) {
        const auto answer = client.read_answer();
        REQUIRE(answer);
        REQUIRE(answer->body == "POST /x " + std::to_string(i));
      }
    }
  }

  TEST_CASE("a handshake has the deadline of a request, and holds nobody up") {
    HttpLimits limits;
    limits.request_seconds = 1;
    limits.threads = 1;
    const World world(limits);
    const std::string hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
    std::vector<std::unique_ptr<HttpClient>> slow;
    for (std::size_t i = 0; i < 20; ++i) {
      slow.push_back(std::make_unique<HttpClient>(world.server.address()));
      REQUIRE(slow.back()->send(std::string_view(hello).substr(0, 1 + i % hello.size())));
    }
    TlsClient client(world.server.address(), world.options());
    REQUIRE(client.send(kGet));
    CHECK(client.read_answer());
    for (const auto& each : slow) CHECK(each->is_closed());
  }

  TEST_CASE("what is no TLS gets nothing but an end") {
    const World world;
    for (const std::string& bytes :
         {kGet, std::string(70'000, '\0'),
          std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10),
          std::string("\x15\x03\x03\x00\x02\x02\x28", 7), std::string("\x80\x2e\x01\x00\x02", 5)}) {
      HttpClient client(world.server.address());
      client.send(bytes);
      client.finish_sending();
      CHECK_FALSE(client.read_answer());
    }
    TlsClient client(world.server.address(), world.options());
    REQUIRE(client.send(kGet));
    CHECK(client.read_answer());
  }

  TEST_CASE("who is one too many is told so, in TLS") {
    HttpLimits limits;
    limits.connections = 1;
    limits.threads = 1;
    const World world(limits);
    TlsClient busy(world.server.address(), world.options());
    REQUIRE(
        busy.send("POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: "
                  "100-continue\r\n\r\n"));
    REQUIRE(busy.read_answer()->status == 100);
    for (const TlsVersion version : {TlsVersion::V1_2, TlsVersion::V1_3}) {
      TlsClient refused(world.server.address(), world.options(version));
      const auto answer = refused.read_answer();
      REQUIRE(answer);
      CHECK(answer->status == 503);
      CHECK(answer->headers.count("retry-after") == 1);
      CHECK(refused.is_finished());
    }
    REQUIRE(busy.send("12345"));
    CHECK(busy.read_answer()->body == "POST /x 12345");
    // An idle one gives way.
    TlsClient next(world.server.address(), world.options());
    REQUIRE(next.send(kGet));
    CHECK(next.read_answer()->status == 200);
    CHECK(busy.is_finished());
  }

  TEST_CASE("stopping answers what is in flight and says goodbye") {
    World world;
    TlsClient busy(world.server.address(), world.options());
    TlsClient idle(world.server.address(), world.options());
    REQUIRE(idle.send(kGet));
    REQUIRE(idle.read_answer());
    REQUIRE(
        busy.send("POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: "
                  "100-continue\r\n\r\n"));
    REQUIRE(busy.read_answer()->status == 100);
    std::thread stopping([&] { world.server.stop(); });
    CHECK(idle.is_finished());
    CHECK(busy.send("12345"));
    const auto answer = busy.read_answer();
    stopping.join();
    REQUIRE(answer);
    CHECK(answer->body == "POST /x 12345");
    CHECK(busy.is_finished());
  }
}

TEST_CASE("material that cannot be used is refused with a reason") {
  const Identity authority = Identity::authority("root");
  const Identity one = authority.issue("one");
  const Identity two = authority.issue("two");
  const std::string cut = one.certificate().substr(0, one.certificate().size() / 2);
  struct Case {
    std::string name;
    TlsMaterial material;
    std::string message;
  };
  const Case cases[] = {
      {"fine", material_of(one), ""},
      {"key before and after",
       {one.key() + one.certificate(), one.certificate() + one.key(), ""},
       ""},
      {"expired is the client's business", material_of(authority.issue("old", -1)), ""},
      {"nothing", {"", one.key(), ""}, "there is no certificate in the certificate file"},
      {"no PEM", {one.der(), one.key(), ""}, "there is no certificate in the certificate file"},
      {"cut off", {cut, one.key(), ""}, "the certificate file cannot be read: bad end line"},
      {"no key",
       {one.certificate(), one.certificate(), ""},
       "there is no private key in the key file"},
      {"another's key", {one.certificate(), two.key(), ""}, "the key is not the certificate's"},
      {"a passphrase",
       {one.certificate(), one.protected_key("x"), ""},
       "the key is protected by a passphrase, which nobody could type here"},
      {"clients by nobody",
       {one.certificate(), one.key(), "\n"},
       "there is no certificate in the file of client authorities"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(refusal(c.material) == c.message);
  }
}

TEST_CASE("a replacement that cannot be used changes nothing") {
  const World world;
  TlsContext context(material_of(world.server_identity));
  const auto until = context.valid_until();
  CHECK_THROWS_AS(context.replace({"", "", ""}), TlsError);
  CHECK(context.valid_until() == until);
  context.replace(material_of(world.authority.issue("server", 60)));
  CHECK(context.valid_until() > until);
}
