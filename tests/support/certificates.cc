#include "support/certificates.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace allocd::test {

namespace {

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL refuses to make a certificate");
}

std::string written(const std::function<bool(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  must(bio && write(bio.get()));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::shared_ptr<EVP_PKEY> new_key() {
  std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  must(key != nullptr);
  return key;
}

// Of a server or client with that DNS name or address.
CertificateTerms server_terms(const std::string& name, int days) {
  const bool is_address = name.find_first_not_of("0123456789.") == std::string::npos;
  return {.names = {name},
          .first_day = days < 0 ? 2 * days : -1,
          .last_day = days,
          .alternative_names = (is_address ? "IP:" : "DNS:") + name};
}

}  // namespace

CertificateTerms authority_terms(const std::string& name) {
  return {.names = {name}, .basic_constraints = "critical,CA:TRUE"};
}

Identity Identity::make(const CertificateTerms& terms, std::shared_ptr<evp_pkey_st> key,
                        const Identity* issuer) {
  Identity out;
  out.key_ = std::move(key);
  out.certificate_.reset(X509_new(), X509_free);
  X509* made = out.certificate_.get();
  must(made != nullptr);

  std::uint64_t serial = 0;
  must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial >> 1U);
  X509_set_version(made, X509_VERSION_3);
  X509_time_adj_ex(X509_getm_notBefore(made), terms.first_day, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(made), terms.last_day, 0, nullptr);
  X509_set_pubkey(made, out.key_.get());
  for (const std::string& name : terms.names)
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1);
  X509* signer = issuer != nullptr ? issuer->certificate_.get() : made;
  X509_set_issuer_name(made, X509_get_subject_name(signer));
  extend(made, signer, NID_basic_constraints, terms.basic_constraints);
  extend(made, signer, NID_key_usage, terms.key_usage);
  extend(made, signer, NID_ext_key_usage, terms.extended_key_usage);
  extend(made, signer, NID_subject_alt_name, terms.alternative_names);
  must(X509_sign(made, (issuer != nullptr ? issuer->key_ : out.key_).get(), EVP_sha256()) > 0);
  return out;
}

Identity Identity::authority(const std::string& name) { return self_signed(authority_terms(name)); }

Identity Identity::issue(const std::string& name, int days) const {
  return issue(server_terms(name, days));
}

Identity Identity::alone(const std::string& name, int days) {
  return self_signed(server_terms(name, days));
}

Identity Identity::issue_authority(const std::string& name) const {
  return issue(authority_terms(name));
}

Identity Identity::self_signed(const CertificateTerms& terms) {
  return make(terms, new_key(), nullptr);
}

Identity Identity::issue(const CertificateTerms& terms) const {
  return make(terms, new_key(), this);
}

Identity Identity::certified_by(const Identity& issuer, const CertificateTerms& terms) const {
  return make(terms, key_, &issuer);
}

// Keys are compared by their public part: so this one says that of the right key.
Identity Identity::impostor() const {
  Identity out = *this;
  const std::shared_ptr<EVP_PKEY> other(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const auto parameters = [](EVP_PKEY* key) {
    OSSL_PARAM* made = nullptr;
    must(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &made) == 1);
    return std::shared_ptr<OSSL_PARAM>(made, OSSL_PARAM_free);
  };
  const auto right = parameters(key_.get());
  const auto wrong = parameters(other.get());
  OSSL_PARAM* own = OSSL_PARAM_locate(wrong.get(), OSSL_PKEY_PARAM_PUB_KEY);
  const OSSL_PARAM* shown = OSSL_PARAM_locate(right.get(), OSSL_PKEY_PARAM_PUB_KEY);
  must(own != nullptr && shown != nullptr && own->data_size == shown->data_size);
  std::memcpy(own->data, shown->data, shown->data_size);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* mixed = nullptr;
  must(EVP_PKEY_fromdata_init(context.get()) == 1 &&
       EVP_PKEY_fromdata(context.get(), &mixed, EVP_PKEY_KEYPAIR, wrong.get()) == 1);
  out.key_.reset(mixed, EVP_PKEY_free);
  return out;
}

std::string Identity::certificate() const {
  return written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()) == 1; });
}

std::string Identity::key() const {
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  });
}

std::string Identity::protected_key(const std::string& passphrase) const {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key_.get(), EVP_aes_256_cbc(), passphrase.c_str(),
                                         static_cast<int>(passphrase.size()), nullptr,
                                         nullptr) == 1;
  });
}

std::string Identity::der() const {
  return written([&](BIO* bio) { return i2d_X509_bio(bio, certificate_.get()) == 1; });
}

const char* const kSampleCertificate =
    "MIICozCCAkmgAwIBAgIDDwChMAoGCCqGSM49BAMCMEIxEDAOBgNVBAoMB0NvbnRvc28xEDAOBgNV"
    "BAsMB0RldmljZXMxHDAaBgNVBAMME0NvbnRvc28gVG9hc3RlcnMgQ0EwIBcNMjYxMTIzMTY0NjM0"
    "WhgPMjA1OTEwMDExNjQ2MzRaMIHWMQswCQYDVQQGEwJERTEPMA0GA1UECAwGSGVzc2VuMQ4wDAYD"
    "VQQHDAVLw7ZsbjEXMBUGCgmSJomT8ixkARkWB2NvbnRvc28xFzAVBgoJkiaJk/IsZAEZFgdleGFt"
    "cGxlMRgwFgYDVQQKDA9Db250b3NvIEdlcsOkdGUxEDAOBgNVBAsMB1BsYW50IDMxDzANBgNVBAsM"
    "BkxpbmUgNzERMA8GA1UEAwwIb2xkLW5hbWUxFDASBgNVBAMMC3RvYXN0ZXItMDA3MQ4wDAYDVQQF"
    "EwVTTi00MjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCwFoMW9Hv7mG6Plt5eX81/HO6i67qVJ"
    "ZDQ3TgWUkaGX73XE8W1wvWhZu7tJyRh56LHD15Kfq33z0RJ6Qo1/U0ajgZYwgZMwCQYDVR0TBAIw"
    "ADAdBgNVHQ4EFgQUgsEw6lckkVwLsVapS/aNUvhSTDowZwYDVR0jBGAwXqFGpEQwQjEQMA4GA1UE"
    "CgwHQ29udG9zbzEQMA4GA1UECwwHRGV2aWNlczEcMBoGA1UEAwwTQ29udG9zbyBUb2FzdGVycyBD"
    "QYIUYw/340cwOxvze2DDg1sPwUdaevUwCgYIKoZIzj0EAwIDSAAwRQIgSujqpvb4WA4/Bkrgw2Eo"
    "lWnxq3CdMyERZJsPXStO54cCIQCNX/V0uIn3NjUrNMoSNDyhiUJRb62FYMdK9iiBhe+csA==";

}  // namespace allocd::test
