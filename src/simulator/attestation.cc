#include "simulator/attestation.h"

#include <algorithm>
#include <optional>

#include "diagnostics/diagnostic.h"
#include "policy/base64.h"
#include "policy/letter_case.h"
#include "simulator/device_certificate.h"
#include "simulator/sas_token.h"
#include "webhook/hmac_sha256.h"

namespace allocd {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

constexpr int kUnauthorized = 401002;

ApiError unauthorized(const std::string& why) {
  return {401, kUnauthorized, "Unauthorized: " + why};
}
ApiError bad_certificate(const std::string& why) {
  return {401, kUnauthorized, "Invalid certificate: " + why};
}

const Enrollment* own_enrollment(const Enrollments& enrollments, const std::string& id) {
  const auto found =
      std::find_if(enrollments.individuals.begin(), enrollments.individuals.end(),
                   [&](const Enrollment& one) { return equal_ignoring_case(one.id, id); });
  return found == enrollments.individuals.end() ? nullptr : &*found;
}

// Why the token does not count, whoever has signed it.
std::optional<std::string> mistake(const SasToken& token, const std::string& id_scope,
                                   const std::string& registration_id, TimePoint now) {
  const std::string resource = id_scope + "/registrations/" + registration_id;
  if (!equal_ignoring_case(token.resource, resource))
    return "the token is for " + in_backticks(token.resource) + ", not for " +
           in_backticks(resource);
  if (token.expiry <= now) return "the token has expired";
  return std::nullopt;
}

bool is_signed_by_either(const SasToken& token, const SymmetricKeys& keys) {
  return is_signed_with(token, keys.primary) ||
         (!keys.secondary.empty() && is_signed_with(token, keys.secondary));
}

SymmetricKeys derived(const SymmetricKeys& group, const std::string& registration_id) {
  SymmetricKeys out;
  out.primary = hmac_sha256(group.primary, registration_id);
  if (!group.secondary.empty()) out.secondary = hmac_sha256(group.secondary, registration_id);
  return out;
}

std::variant<Attested, ApiError> attest_token(const Enrollments& enrollments, const Enrollment* own,
                                              const std::string& registration_id,
                                              std::string_view header, TimePoint now) {
  const auto read = parse_sas_token(header);
  if (const auto* bad = std::get_if<BadToken>(&read))
    return unauthorized("the header `Authorization` " + bad->reason);
  const SasToken& token = std::get<SasToken>(read);
  if (const auto wrong = mistake(token, enrollments.id_scope, registration_id, now))
    return unauthorized(*wrong);
  if (own != nullptr) {
    const auto* keys = std::get_if<SymmetricKeys>(&own->attestation);
    if (keys == nullptr)
      return unauthorized("individual enrollment " + in_backticks(own->id) +
                          " wants a certificate, not a token");
    if (is_signed_by_either(token, *keys)) return Attested{own, {}};
    return unauthorized("the token is signed with no key of individual enrollment " +
                        in_backticks(own->id));
  }
  for (const Enrollment& group : enrollments.groups)
    if (const auto* keys = std::get_if<SymmetricKeys>(&group.attestation))
      if (is_signed_by_either(token, derived(*keys, registration_id))) return Attested{&group, {}};
  return unauthorized("the token is signed with no key that a group derives for " +
                      in_backticks(registration_id) + ", and it has no enrollment of its own");
}

std::variant<Attested, ApiError> attest_certificate(const Enrollments& enrollments,
                                                    const Enrollment* own,
                                                    const std::string& registration_id,
                                                    const std::vector<std::string>& shown,
                                                    TimePoint now) {
  const Attested attested{nullptr, to_base64(shown.front())};
  if (own != nullptr) {
    const auto* enrolled = std::get_if<X509Certificate>(&own->attestation);
    if (enrolled == nullptr)
      return unauthorized("individual enrollment " + in_backticks(own->id) +
                          " wants a token, not a certificate");
    if (const auto why = why_not_same(shown, enrolled->pem, registration_id, now))
      return bad_certificate("the certificate " + *why);
    return Attested{own, attested.certificate};
  }
  std::string whys;
  for (const Enrollment& group : enrollments.groups) {
    const auto* signer = std::get_if<X509Certificate>(&group.attestation);
    if (signer == nullptr) continue;
    const auto why = why_not_signed(shown, signer->pem, registration_id, now);
    if (!why) return Attested{&group, attested.certificate};
    whys += (whys.empty() ? "" : "; ") + ("for group " + in_backticks(group.id)) +
            " the certificate " + *why;
  }
  if (whys.empty())
    whys = "no group takes certificates, and " + in_backticks(registration_id) +
           " has no enrollment of its own";
  return bad_certificate(whys);
}

}  // namespace

std::variant<Attested, ApiError> attest(const Enrollments& enrollments,
                                        const std::string& registration_id,
                                        const Credentials& credentials, TimePoint now) {
  const Enrollment* own = own_enrollment(enrollments, registration_id);
  if (!credentials.authorization.empty())
    return attest_token(enrollments, own, registration_id, credentials.authorization, now);
  if (credentials.certificates != nullptr && !credentials.certificates->empty())
    return attest_certificate(enrollments, own, registration_id, *credentials.certificates, now);
  return unauthorized(
      "there is neither a header `Authorization` with a SAS token nor a client certificate");
}

}  // namespace allocd
