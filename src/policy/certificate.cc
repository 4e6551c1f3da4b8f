#include "policy/certificate.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <utility>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "diagnostics/utf8.h"
#include "policy/base64.h"
#include "policy/openssl_cleanup.h"

namespace allocd {
namespace {

enum class Part { Subject, Issuer, SerialNumber, Sha1, Sha256, NotBefore, NotAfter };

struct CertificateField {
  std::string_view name;
  Part part;
  int attribute = NID_undef;  // of a subject or issuer
};

constexpr CertificateField kFields[] = {
    {"subject.CN", Part::Subject, NID_commonName},
    {"subject.O", Part::Subject, NID_organizationName},
    {"subject.OU", Part::Subject, NID_organizationalUnitName},
    {"subject.C", Part::Subject, NID_countryName},
    {"subject.ST", Part::Subject, NID_stateOrProvinceName},
    {"subject.L", Part::Subject, NID_localityName},
    {"subject.DC", Part::Subject, NID_domainComponent},
    {"subject.serialNumber", Part::Subject, NID_serialNumber},
    {"issuer.CN", Part::Issuer, NID_commonName},
    {"issuer.O", Part::Issuer, NID_organizationName},
    {"issuer.OU", Part::Issuer, NID_organizationalUnitName},
    {"issuer.C", Part::Issuer, NID_countryName},
    {"issuer.ST", Part::Issuer, NID_stateOrProvinceName},
    {"issuer.L", Part::Issuer, NID_localityName},
    {"issuer.DC", Part::Issuer, NID_domainComponent},
    {"issuer.serialNumber", Part::Issuer, NID_serialNumber},
    {"serialNumber", Part::SerialNumber},
    {"sha1", Part::Sha1},
    {"sha256", Part::Sha256},
    {"notBefore", Part::NotBefore},
    {"notAfter", Part::NotAfter},
};

// What stands between the lines of the first certificate of a PEM text; other texts as they are.
std::string_view without_armour(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return text;
  text.remove_prefix(begin + kBegin.size());
  return text.substr(0, text.find("-----END CERTIFICATE-----"));
}

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 15U];
  }
  return out;
}

std::optional<std::string> attribute_of(const X509_NAME* name, int attribute) {
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, attribute, at)) >= 0;) last = at;
  if (last < 0) return std::nullopt;
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  if (size < 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  // JSON takes nothing else. OpenSSL refuses most of it already when it reads the certificate.
  if (first_invalid_utf8(out) != std::string_view::npos) return std::nullopt;
  return out;
}

// As `openssl x509 -serial` prints it.
std::string serial_number(const ASN1_INTEGER* number) {
  const std::string digits = hexadecimal(ASN1_STRING_get0_data(number),
                                         static_cast<std::size_t>(ASN1_STRING_length(number)));
  const bool negative = ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER;
  return (negative ? "-" : "") + (digits.empty() ? "00" : digits);
}

// RFC 3339, UTC.
std::optional<std::string> moment(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return std::nullopt;
  char text[80];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900,
                    utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return std::string(text, static_cast<std::size_t>(size));
}

std::optional<std::string> thumbprint(const std::string& der, const EVP_MD* digest) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(der.data(), der.size(), bytes, &size, digest, nullptr) != 1) return std::nullopt;
  return hexadecimal(bytes, size);
}

}  // namespace

const std::vector<std::string_view>& certificate_fields() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const CertificateField& field : kFields) names.push_back(field.name);
    return names;
  }();
  return kNames;
}

std::optional<std::size_t> certificate_field(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFields), std::end(kFields),
                   [name](const CertificateField& field) { return field.name == name; });
  if (found == std::end(kFields)) return std::nullopt;
  return static_cast<std::size_t>(found - std::begin(kFields));
}

bool is_hexadecimal(std::size_t certificate_field) {
  const Part part = kFields[certificate_field].part;
  return part == Part::SerialNumber || part == Part::Sha1 || part == Part::Sha256;
}

void Certificate::Free::operator()(x509_st* certificate) const { X509_free(certificate); }

std::optional<Certificate> Certificate::parse(std::string_view text) {
  auto der = from_base64(without_armour(text));
  return der ? from_der(std::move(*der)) : std::nullopt;
}

std::optional<Certificate> Certificate::from_der(std::string der) {
  const ErrorsForgotten no_errors;
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = at + der.size();
  std::unique_ptr<x509_st, Free> parsed(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!parsed || at != end) return std::nullopt;
  return Certificate(std::move(der), parsed.release());
}

std::optional<std::string> Certificate::value(std::size_t certificate_field) const {
  const ErrorsForgotten no_errors;
  const CertificateField& field = kFields[certificate_field];
  const X509* parsed = parsed_.get();
  switch (field.part) {
    case Part::Subject: return attribute_of(X509_get_subject_name(parsed), field.attribute);
    case Part::Issuer: return attribute_of(X509_get_issuer_name(parsed), field.attribute);
    case Part::SerialNumber: return serial_number(X509_get0_serialNumber(parsed));
    case Part::Sha1: return thumbprint(der_, EVP_sha1());
    case Part::Sha256: return thumbprint(der_, EVP_sha256());
    case Part::NotBefore: return moment(X509_get0_notBefore(parsed));
    case Part::NotAfter: return moment(X509_get0_notAfter(parsed));
  }
  return std::nullopt;
}

}  // namespace allocd
