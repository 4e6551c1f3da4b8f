// Certificates for tests, made on the spot.
#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace allocd::test {

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
  static Identity self_signed(const std::string& name, int days = 30);
  // One who shows this certificate and has only another key.
  Identity impostor() const;

  std::string certificate() const;  // PEM
  std::string key() const;          // PEM
  // The key under a passphrase.
  std::string protected_key(const std::string& passphrase) const;
  std::string der() const;

 private:
  static Identity make(const std::string& name, bool is_authority, int days,
                       const Identity* issuer);

  std::shared_ptr<x509_st> certificate_;
  std::shared_ptr<evp_pkey_st> key_;
};

// A certificate that never changes, made with `openssl x509 -req`: base64 of its DER.
// certificate_test lists what `openssl x509` says of it.
extern const char* const kSampleCertificate;

}  // namespace allocd::test
