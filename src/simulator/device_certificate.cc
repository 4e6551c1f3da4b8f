#include "simulator/device_certificate.h"

#include <algorithm>
#include <ctime>
#include <new>

#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "diagnostics/diagnostic.h"
#include "diagnostics/utf8.h"
#include "policy/certificate.h"
#include "policy/letter_case.h"
#include "policy/openssl_cleanup.h"

namespace allocd {
namespace {

std::string written(const X509_NAME* name, unsigned long flags) {
  const Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
  if (!bio) throw std::bad_alloc();
  X509_NAME_print_ex(bio.get(), name, 0, flags);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// "CN=toaster-007, O=Contoso": as in RFC 2253, with the blanks that the service has.
std::string name_text(const X509_NAME* name) {
  constexpr unsigned long kAscii =
      (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_COMMA_PLUS) | XN_FLAG_SEP_CPLUS_SPC;
  std::string text = written(name, kAscii ^ ASN1_STRFLGS_ESC_MSB);
  return first_invalid_utf8(text) == std::string_view::npos ? text : written(name, kAscii);
}

std::string quoted_name(const X509_NAME* name) { return in_backticks(name_text(name)); }

std::optional<std::string> value(const Certificate& certificate, std::string_view field) {
  return certificate.value(certificate_field(field).value());
}

std::string said(const Certificate& certificate, std::string_view field) {
  return value(certificate, field).value_or("");
}

// What is wrong with certificates, said of "it".
const char* const kUnreadable = "cannot be read";
const char* const kBadDates = "has dates that cannot be read";
const char* const kCannotSign =
    "is not allowed to sign certificates (basicConstraints CA, keyUsage keyCertSign)";
std::string too_early(const Certificate& it) {
  return "is not valid before " + said(it, "notBefore");
}
std::string too_late(const Certificate& it) { return "expired on " + said(it, "notAfter"); }

std::optional<std::string> why_out_of_date(const Certificate& it, std::time_t now) {
  const int begin = X509_cmp_time(X509_get0_notBefore(it.parsed()), &now);
  const int end = X509_cmp_time(X509_get0_notAfter(it.parsed()), &now);
  if (begin == 0 || end == 0) return kBadDates;
  if (begin > 0) return too_early(it);
  if (end < 0) return too_late(it);
  return std::nullopt;
}

std::optional<std::string> why_other_name(const Certificate& device, std::string_view id) {
  const std::string wanted = ", not the registration ID " + in_backticks(id);
  const auto name = value(device, "subject.CN");
  if (!name) return "has no common name (CN)" + wanted;
  if (equal_ignoring_case(*name, id)) return std::nullopt;
  return "has the common name " + in_backticks(*name) + wanted;
}

// `signer` is the name of the group's.
std::string another_key(const X509_NAME* issuer, const X509_NAME* signer) {
  return std::string("is signed with another key than that of ") +
         (X509_NAME_cmp(issuer, signer) == 0 ? "the group's " : "") + quoted_name(issuer);
}

// What is wrong with one certificate of a chain: of OpenSSL's hundred errors, those that somebody
// may have to mend.
std::string mistake(int error, const Certificate& it, const X509_NAME* signer) {
  const X509_NAME* const issuer = X509_get_issuer_name(it.parsed());
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID: return too_early(it);
    case X509_V_ERR_CERT_HAS_EXPIRED: return too_late(it);
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD: return kBadDates;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return kCannotSign;
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return "allows fewer authorities below it (pathLenConstraint)";
    case X509_V_ERR_INVALID_PURPOSE: return "is not for TLS clients (extendedKeyUsage, keyUsage)";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return another_key(issuer, signer);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "is signed by itself, not by way of the group's " + quoted_name(signer);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      if (X509_NAME_cmp(issuer, signer) == 0) return another_key(issuer, signer);
      return "is signed by " + quoted_name(issuer) +
             ", whose certificate is neither the group's, " + quoted_name(signer) +
             ", nor among those that came along";
    default: return std::string("is refused: ") + X509_verify_cert_error_string(error);
  }
}

// Said of one that stands in the chain over the device's.
std::string above(const X509* it, const std::string& what) {
  return "has " + quoted_name(X509_get_subject_name(it)) + " above it, which " + what;
}

// Why OpenSSL refuses a chain of `known`, of which the last is the signer.
std::string refusal(X509_STORE_CTX* verification, const std::vector<Certificate>& known) {
  const int error = X509_STORE_CTX_get_error(verification);
  const X509* const parsed = X509_STORE_CTX_get_current_cert(verification);
  const auto it = std::find_if(known.begin(), known.end(),
                               [&](const Certificate& one) { return one.parsed() == parsed; });
  if (it == known.end()) return std::string("is refused: ") + X509_verify_cert_error_string(error);
  const std::string what = mistake(error, *it, X509_get_subject_name(known.back().parsed()));
  return X509_STORE_CTX_get_error_depth(verification) == 0 ? what : above(parsed, what);
}

// Of certificates that somebody else owns. (`sk_X509_free` itself is a macro.)
void free_list(STACK_OF(X509) * list) { sk_X509_free(list); }

// `known`: the device's certificate, those that came along, and last the signer.
std::optional<std::string> why_no_chain(const std::vector<Certificate>& known, std::time_t now) {
  const Owned<X509_STORE, X509_STORE_free> trusted(X509_STORE_new());
  const Owned<STACK_OF(X509), free_list> others(sk_X509_new_null());
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> verification(X509_STORE_CTX_new());
  bool done = trusted && others && verification &&
              X509_STORE_add_cert(trusted.get(), known.back().parsed()) == 1;
  for (std::size_t i = 1; done && i + 1 < known.size(); ++i)
    done = sk_X509_push(others.get(), known[i].parsed()) > 0;
  if (!done || X509_STORE_CTX_init(verification.get(), trusted.get(), known.front().parsed(),
                                   others.get()) != 1)
    throw std::bad_alloc();
  X509_VERIFY_PARAM* const terms = X509_STORE_CTX_get0_param(verification.get());
  X509_VERIFY_PARAM_set_flags(terms, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(terms, now);
  X509_VERIFY_PARAM_set_purpose(terms, X509_PURPOSE_SSL_CLIENT);
  if (X509_verify_cert(verification.get()) != 1) return refusal(verification.get(), known);

  // OpenSSL is strict with those in between only.
  if (X509_check_ca(known.back().parsed()) != 1) return above(known.back().parsed(), kCannotSign);
  return std::nullopt;
}

}  // namespace

std::string pem_certificate_der(std::string_view pem) {
  if (pem.find("-----BEGIN CERTIFICATE-----") == std::string_view::npos) return {};
  const auto certificate = Certificate::parse(pem);
  return certificate ? certificate->der() : "";
}

bool is_authority(std::string_view der) {
  const ErrorsForgotten no_errors;
  const auto certificate = Certificate::from_der(std::string(der));
  return certificate && X509_check_ca(certificate->parsed()) == 1;
}

std::optional<Json> certificate_info(std::string_view der) {
  const ErrorsForgotten no_errors;
  const auto certificate = Certificate::from_der(std::string(der));
  if (!certificate) return std::nullopt;
  const X509* const parsed = certificate->parsed();
  Json info;
  info["subjectName"] = name_text(X509_get_subject_name(parsed));
  info["sha1Thumbprint"] = said(*certificate, "sha1");
  info["sha256Thumbprint"] = said(*certificate, "sha256");
  info["issuerName"] = name_text(X509_get_issuer_name(parsed));
  info["notBeforeUtc"] = said(*certificate, "notBefore");
  info["notAfterUtc"] = said(*certificate, "notAfter");
  info["serialNumber"] = said(*certificate, "serialNumber");
  info["version"] = std::clamp(X509_get_version(parsed), 0L, 2L) + 1;  // there are no others
  return info;
}

std::optional<std::string> why_not_called(std::string_view der, std::string_view registration_id) {
  const auto device = Certificate::from_der(std::string(der));
  return device ? why_other_name(*device, registration_id) : kUnreadable;
}

std::optional<std::string> why_not_same(const CertificateChain& shown, std::string_view enrolled,
                                        std::string_view registration_id,
                                        std::chrono::system_clock::time_point now) {
  const ErrorsForgotten no_errors;
  if (shown.empty()) return "is missing";
  const auto device = Certificate::from_der(shown.front());
  if (!device) return kUnreadable;
  if (device->der() != pem_certificate_der(enrolled)) return "is not the one that is enrolled";
  if (auto why = why_out_of_date(*device, std::chrono::system_clock::to_time_t(now))) return why;
  return why_other_name(*device, registration_id);
}

std::optional<std::string> why_not_signed(const CertificateChain& shown, std::string_view signer,
                                          std::string_view registration_id,
                                          std::chrono::system_clock::time_point now) {
  const ErrorsForgotten no_errors;
  if (shown.empty()) return "is missing";
  std::vector<Certificate> known;
  for (const std::string& der : shown) {
    auto one = Certificate::from_der(der);
    if (!one) return known.empty() ? kUnreadable : "came along with one that cannot be read";
    known.push_back(std::move(*one));
  }
  auto of_group = Certificate::from_der(pem_certificate_der(signer));
  if (!of_group) return "cannot be checked: that of the group cannot be read";
  if (known.front().der() == of_group->der()) return "is that of the group, not one that it signed";
  known.push_back(std::move(*of_group));
  if (auto why = why_no_chain(known, std::chrono::system_clock::to_time_t(now))) return why;
  return why_other_name(known.front(), registration_id);
}

}  // namespace allocd
