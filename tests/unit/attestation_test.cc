// Who is let in as which device.
#include "simulator/attestation.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "policy/base64.h"
#include "simulator/sas_token.h"
#include "support/certificates.h"
#include "webhook/hmac_sha256.h"

using namespace allocd;
using std::chrono::hours;
using std::chrono::system_clock;
using test::Identity;

namespace {

const system_clock::time_point kNow = system_clock::now();
const auto kLater = std::chrono::floor<std::chrono::seconds>(kNow) + hours(1);

struct Authorities {
  Identity maker = Identity::authority("maker");
  Identity stranger = Identity::authority("stranger");
  Identity lab_device = stranger.issue("lab-cert");
};

const Authorities& authorities() {
  static const Authorities all;
  return all;
}

Enrollment of(bool is_group, const std::string& id,
              std::variant<SymmetricKeys, X509Certificate> attestation) {
  Enrollment out;
  out.is_group = is_group;
  out.id = id;
  out.attestation = std::move(attestation);
  return out;
}

Enrollments enrollments() {
  Enrollments out;
  out.id_scope = "0ne";
  out.groups.push_back(of(true, "red", SymmetricKeys{"red key", "second red key"}));
  out.groups.push_back(of(true, "blue", SymmetricKeys{"blue key", ""}));
  out.groups.push_back(of(true, "certified", X509Certificate{authorities().maker.certificate()}));
  out.individuals.push_back(of(false, "Lab-1", SymmetricKeys{"lab key", "second lab key"}));
  out.individuals.push_back(
      of(false, "lab-cert", X509Certificate{authorities().lab_device.certificate()}));
  out.groups[1].enabled = false;
  return out;
}

std::string told(const std::variant<Attested, ApiError>& answer) {
  if (const auto* error = std::get_if<ApiError>(&answer))
    return std::to_string(error->status) + " " + std::to_string(error->code) + " " + error->message;
  return std::get<Attested>(answer).enrollment->id;
}

std::string by_token(const std::string& id, const std::string& header) {
  const Enrollments all = enrollments();
  return told(attest(all, id, {header, nullptr}, kNow));
}

// The header of a device that signs with `key`.
std::string signed_with(const std::string& key, const std::string& id,
                        std::chrono::sys_seconds expiry = kLater) {
  return make_sas_token("0ne/registrations/" + id, key, expiry);
}

std::string by_chain(const std::string& id, const std::vector<std::string>& chain) {
  const Enrollments all = enrollments();
  return told(attest(all, id, {"", &chain}, kNow));
}

}  // namespace

TEST_CASE("attestation by token: the enrollment whose key it is signed with") {
  const std::string no_group =
      "401 401002 Unauthorized: the token is signed with no key that a group derives for `dev-1`, "
      "and it has no enrollment of its own";
  struct Case {
    std::string name, id, header, told;
  };
  const Case cases[] = {
      {"a group's primary key", "dev-1", signed_with(hmac_sha256("red key", "dev-1"), "dev-1"),
       "red"},
      {"its secondary key", "dev-1", signed_with(hmac_sha256("second red key", "dev-1"), "dev-1"),
       "red"},
      {"of another group, which is disabled", "dev-1",
       signed_with(hmac_sha256("blue key", "dev-1"), "dev-1"), "blue"},
      {"the group's key itself", "dev-1", signed_with("red key", "dev-1"), no_group},
      {"a key derived for another ID", "dev-1",
       signed_with(hmac_sha256("red key", "dev-2"), "dev-1"), no_group},
      {"no secondary key is no empty key", "dev-1", signed_with(hmac_sha256("", "dev-1"), "dev-1"),
       no_group},
      {"an own primary key", "lab-1", signed_with("lab key", "lab-1"), "Lab-1"},
      {"an own secondary key, letters in any case", "LAB-1", signed_with("second lab key", "lab-1"),
       "Lab-1"},
      {"who has an own enrollment falls back to no group", "lab-1",
       signed_with(hmac_sha256("red key", "lab-1"), "lab-1"),
       "401 401002 Unauthorized: the token is signed with no key of individual enrollment `Lab-1`"},
      {"a token where a certificate is enrolled", "lab-cert", signed_with("x", "lab-cert"),
       "401 401002 Unauthorized: individual enrollment `lab-cert` wants a certificate, not a "
       "token"},
      {"a token for another device", "dev-1", signed_with(hmac_sha256("red key", "dev-1"), "dev-2"),
       "401 401002 Unauthorized: the token is for `0ne/registrations/dev-2`, not for "
       "`0ne/registrations/dev-1`"},
      {"a token for another service", "dev-1",
       make_sas_token("0nf/registrations/dev-1", hmac_sha256("red key", "dev-1"), kLater),
       "401 401002 Unauthorized: the token is for `0nf/registrations/dev-1`, not for "
       "`0ne/registrations/dev-1`"},
      {"expired", "dev-1", signed_with(hmac_sha256("red key", "dev-1"), "dev-1", kLater - hours(2)),
       "401 401002 Unauthorized: the token has expired"},
      {"no token", "dev-1", "Bearer x",
       "401 401002 Unauthorized: the header `Authorization` is no `SharedAccessSignature`"},
      {"nothing", "dev-1", "",
       "401 401002 Unauthorized: there is neither a header `Authorization` with a SAS token nor a "
       "client certificate"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(by_token(c.id, c.header) == c.told);
  }
}

TEST_CASE("attestation by certificate: the enrollment that vouches for it") {
  const Identity& maker = authorities().maker;
  const Identity works = maker.issue_authority("works");
  const Identity deep = works.issue("dev-1");
  CHECK(by_chain("dev-1", {maker.issue("dev-1").der()}) == "certified");
  CHECK(by_chain("DEV-1", {deep.der(), works.der()}) == "certified");
  CHECK(by_chain("lab-cert", {authorities().lab_device.der()}) == "lab-cert");
  const std::string refused = "401 401002 Invalid certificate: ";
  CHECK(by_chain("dev-1", {deep.der()})
            .starts_with(refused + "for group `certified` the certificate "));
  CHECK(by_chain("dev-2", {maker.issue("dev-1").der()})
            .starts_with(refused + "for group `certified` the certificate "));
  CHECK(by_chain("dev-1", {authorities().stranger.issue("dev-1").der()}).starts_with(refused));
  CHECK(by_chain("dev-1", {"no certificate"}).starts_with(refused));
  // Signed by a group's authority, but it has an enrollment of its own.
  CHECK(by_chain("lab-cert", {maker.issue("lab-cert").der()})
            .starts_with(refused + "the certificate "));
  CHECK(by_chain("lab-1", {maker.issue("lab-1").der()}) ==
        "401 401002 Unauthorized: individual enrollment `Lab-1` wants a token, not a certificate");
  CHECK(by_chain("dev-1", {}).starts_with("401 401002 Unauthorized: there is neither"));
}

TEST_CASE("attestation: the certificate travels along, for the webhook") {
  const Enrollments all = enrollments();
  const std::vector<std::string> chain = {authorities().maker.issue("dev-1").der()};
  const auto answer = attest(all, "dev-1", {"", &chain}, kNow);
  CHECK(from_base64(std::get<Attested>(answer).certificate) == chain.front());
}

TEST_CASE("attestation by certificate: where none is taken") {
  Enrollments none = enrollments();
  none.groups.resize(2);
  const std::vector<std::string> chain = {authorities().maker.issue("dev-1").der()};
  CHECK(told(attest(none, "dev-1", {"", &chain}, kNow)) ==
        "401 401002 Invalid certificate: no group takes certificates, and `dev-1` has no "
        "enrollment of its own");
}
