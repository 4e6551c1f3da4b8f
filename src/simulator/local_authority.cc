#include "simulator/local_authority.h"

#include <ctime>
#include <stdexcept>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "policy/openssl_cleanup.h"

namespace allocd {
namespace {

using Certificate = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr std::time_t kDay = std::time_t{24} * 60 * 60;

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a certificate for this machine");
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  return key;
}

// 127 random bits: no two certificates of one issuer may have the same.
void set_serial_number(X509* certificate) {
  const Owned<BIGNUM, BN_free> number(BN_new());
  must(number && BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
       BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

// A certificate without extensions and signature; the issuer's name is still to come.
Certificate begin(const char* name, EVP_PKEY* key, std::time_t now) {
  Certificate made(X509_new());
  must(made && X509_set_version(made.get(), X509_VERSION_3) == 1);
  set_serial_number(made.get());
  const std::time_t first = now - kDay;
  must(ASN1_TIME_set(X509_getm_notBefore(made.get()), first) != nullptr &&
       ASN1_TIME_set(X509_getm_notAfter(made.get()), first + 365 * kDay) != nullptr &&
       X509_set_pubkey(made.get(), key) == 1 &&
       X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name), -1, -1, 0) == 1);
  return made;
}

// As openssl.cnf has it.
void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_name(GENERAL_NAMES* names, const std::string& name) {
  Owned<GENERAL_NAME, GENERAL_NAME_free> made(GENERAL_NAME_new());
  must(made != nullptr);
  if (ASN1_OCTET_STRING* const address = a2i_IPADDRESS(name.c_str())) {
    GENERAL_NAME_set0_value(made.get(), GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    must(text != nullptr);
    GENERAL_NAME_set0_value(made.get(), GEN_DNS, text);
    must(ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) == 1);
  }
  must(sk_GENERAL_NAME_push(names, made.get()) > 0);
  (void)made.release();  // the list's now
}

void add_names(X509* certificate, std::string_view host) {
  const Names names(GENERAL_NAMES_new());
  must(names != nullptr);
  bool is_there = host.empty();
  for (const char* const own : {"localhost", "127.0.0.1", "::1"}) {
    add_name(names.get(), own);
    is_there = is_there || host == own;
  }
  if (!is_there) add_name(names.get(), std::string(host));
  must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1);
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
       X509_sign(certificate, key, EVP_sha256()) > 0);
}

template <typename Write>
std::string pem(const Write& write) {
  const Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
  must(bio && write(bio.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

}  // namespace

LocalIdentity make_local_identity(std::string_view host,
                                  std::chrono::system_clock::time_point now) {
  const ErrorsForgotten no_errors;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);

  const Key authority_key = make_key();
  const Certificate authority = begin("allocd local authority", authority_key.get(), seconds);
  extend(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  sign(authority.get(), authority.get(), authority_key.get());

  const Key key = make_key();
  const Certificate server = begin("localhost", key.get(), seconds);
  extend(server.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(server.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  extend(server.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  extend(server.get(), authority.get(), NID_subject_key_identifier, "hash");
  extend(server.get(), authority.get(), NID_authority_key_identifier, "keyid:always");
  add_names(server.get(), host);
  sign(server.get(), authority.get(), authority_key.get());

  return {pem_of(authority.get()), pem_of(server.get()), pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace allocd
