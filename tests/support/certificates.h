// Certificates for tests, made on the spot.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace allocd::test {

// What is written into a certificate. Extensions are as openssl.cnf has them; without a text a
// certificate goes without.
struct CertificateTerms {
  std::vector<std::string> names;  // common names
  int first_day = -1;              // from now on
  int last_day = 30;
  std::string basic_constraints = "CA:FALSE";
  std::string key_usage;
  std::string extended_key_usage;
  std::string alternative_names;
};

// What a certificate says and how it was signed. Keys are on the curve P-256.
class Identity {
 public:
  // An authority of its own.
  static Identity authority(const std::string& name);
  // A server or client called `name`, which is also its DNS name or address, signed by this one; or
  // another authority below this one. `days` may be negative: it is over then.
  Identity issue(const std::string& name, int days = 30) const;
  Identity issue_authority(const std::string& name) const;
  // A server or client that vouches for itself.
  static Identity alone(const std::string& name, int days = 30);
  // One who shows this certificate and has only another key.
  Identity impostor() const;

  // Whatever the terms say, signed by itself or by this one.
  static Identity self_signed(const CertificateTerms& terms);
  Identity issue(const CertificateTerms& terms) const;
  // The key of this one, certified once more.
  Identity certified_by(const Identity& issuer, const CertificateTerms& terms) const;

  std::string certificate() const;  // PEM
  std::string key() const;          // PEM
  // The key under a passphrase.
  std::string protected_key(const std::string& passphrase) const;
  std::string der() const;

 private:
  static Identity make(const CertificateTerms& terms, std::shared_ptr<evp_pkey_st> key,
                       const Identity* issuer);

  std::shared_ptr<x509_st> certificate_;
  std::shared_ptr<evp_pkey_st> key_;
};

// What authorities say.
CertificateTerms authority_terms(const std::string& name);

// A certificate that never changes, made with `openssl x509 -req`: base64 of its DER.
// certificate_test lists what `openssl x509` says of it.
extern const char* const kSampleCertificate;

}  // namespace allocd::test
