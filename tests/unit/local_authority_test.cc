// The certificate that a server makes for itself: strict verifiers take it, for this machine.
#include "simulator/local_authority.h"

#include <chrono>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "http/server.h"
#include "http/tls.h"
#include "policy/openssl_cleanup.h"
#include "simulator/device_certificate.h"
#include "support/tls_client.h"

using namespace allocd;
using std::chrono::hours;
using std::chrono::system_clock;

namespace {

using Certificate = Owned<X509, X509_free>;

Certificate read(const std::string& pem) {
  const Owned<BIO, BIO_free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate out(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  REQUIRE(out);
  return out;
}

// Why somebody who trusts the authority and goes by the book does not believe that this is the
// server `host`; empty where they do.
std::string disbelief(const LocalIdentity& identity, const std::string& host,
                      system_clock::time_point now) {
  const ErrorsForgotten no_errors;
  const Certificate authority = read(identity.authority);
  const Certificate server = read(identity.certificate);
  const Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  REQUIRE(X509_STORE_add_cert(store.get(), authority.get()) == 1);
  REQUIRE(X509_STORE_CTX_init(context.get(), store.get(), server.get(), nullptr) == 1);
  X509_VERIFY_PARAM* const terms = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(terms, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_VERIFY_PARAM_set_purpose(terms, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_auth_level(terms, 2);
  X509_VERIFY_PARAM_set_time(terms, system_clock::to_time_t(now));
  X509_VERIFY_PARAM_set_hostflags(terms, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(terms, host.c_str()) != 1)
    REQUIRE(X509_VERIFY_PARAM_set1_host(terms, host.data(), host.size()) == 1);
  if (X509_verify_cert(context.get()) == 1) return "";
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

}  // namespace

TEST_CASE("a local authority: strict clients believe the server, for its names and its year") {
  const auto now = system_clock::now();
  const std::string other_name = "hostname mismatch";
  const std::string other_address = "IP address mismatch";
  struct Case {
    const char* made_for;
    const char* asked;
    int day;
    std::string disbelief;
  };
  const Case cases[] = {
      {"localhost", "localhost", 0, ""},
      {"localhost", "127.0.0.1", 0, ""},
      {"localhost", "::1", 0, ""},
      {"localhost", "0:0:0:0:0:0:0:1", 0, ""},
      {"127.0.0.1", "127.0.0.1", 0, ""},
      {"", "localhost", 0, ""},
      {"dps.lab.example", "dps.lab.example", 0, ""},
      {"dps.lab.example", "localhost", 0, ""},
      {"192.0.2.7", "192.0.2.7", 0, ""},
      {"192.0.2.7", "::1", 0, ""},
      {"2001:db8::7", "2001:db8:0::7", 0, ""},
      {"localhost", "dps.lab.example", 0, other_name},
      {"localhost", "127.0.0.2", 0, other_address},
      {"192.0.2.7", "192.0.2.8", 0, other_address},
      // What looks like two names is one, which nobody has.
      {"a.example,DNS:b.example", "b.example", 0, other_name},
      {"localhost", "localhost", 363, ""},
      {"localhost", "localhost", 365, "certificate has expired"},
      {"localhost", "localhost", -2, "certificate is not yet valid"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.made_for);
    CAPTURE(c.asked);
    CAPTURE(c.day);
    CHECK(disbelief(make_local_identity(c.made_for, now), c.asked, now + hours(24) * c.day) ==
          c.disbelief);
  }
}

TEST_CASE("a local authority: what the two certificates say") {
  using namespace std::chrono_literals;
  const auto noon = std::chrono::sys_days(std::chrono::year(2049) / 6 / 1) + 12h;
  const LocalIdentity identity = make_local_identity("dps.example", noon);
  const auto authority = certificate_info(pem_certificate_der(identity.authority)).value();
  const auto server = certificate_info(pem_certificate_der(identity.certificate)).value();
  CHECK(authority["subjectName"] == "CN=allocd local authority");
  CHECK(authority["issuerName"] == authority["subjectName"]);
  CHECK(server["subjectName"] == "CN=localhost");
  CHECK(server["issuerName"] == authority["subjectName"]);
  for (const Json& one : {authority, server}) {
    CHECK(one["notBeforeUtc"] == "2049-05-31T12:00:00Z");
    CHECK(one["notAfterUtc"] == "2050-05-31T12:00:00Z");  // written otherwise from 2050 on
    CHECK(one["serialNumber"].get<std::string>().size() == 32);
    CHECK(one["version"] == 3);
  }
  CHECK(is_authority(pem_certificate_der(identity.authority)));
  CHECK_FALSE(is_authority(pem_certificate_der(identity.certificate)));
  // It signs servers, and no further authority.
  CHECK(X509_get_pathlen(read(identity.authority).get()) == 0);
  CHECK(X509_get_key_usage(read(identity.authority).get()) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  CHECK(X509_get_key_usage(read(identity.certificate).get()) == KU_DIGITAL_SIGNATURE);
  CHECK(X509_get_extended_key_usage(read(identity.certificate).get()) == XKU_SSL_SERVER);

  // Nothing comes twice.
  const LocalIdentity next = make_local_identity("dps.example", noon);
  const auto next_server = certificate_info(pem_certificate_der(next.certificate)).value();
  CHECK(next_server["serialNumber"] != server["serialNumber"]);
  CHECK(authority["serialNumber"] != server["serialNumber"]);
  CHECK(next.key != identity.key);
  CHECK(disbelief({next.authority, identity.certificate, ""}, "localhost", noon) != "");
}

TEST_SUITE("threads: a local authority") {
  TEST_CASE("a server with such a certificate is who its clients expect") {
    const LocalIdentity identity = make_local_identity("localhost", system_clock::now());
    const TlsContext context({identity.certificate, identity.key, ""});
    const HttpServer server({.address = "127.0.0.1:0", .tls = &context}, HttpLimits{},
                            [](const HttpRequest&) {
                              return HttpResponse{200, "", "hello", {}};
                            });
    test::TlsClient client(server.address(),
                           {.authority = identity.authority, .server_name = "localhost"});
    REQUIRE(client.is_open());
    REQUIRE(client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const auto answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->body == "hello");
    const LocalIdentity other = make_local_identity("localhost", system_clock::now());
    CHECK_FALSE(test::TlsClient(server.address(),
                                {.authority = other.authority, .server_name = "localhost"})
                    .is_open());
  }
}
