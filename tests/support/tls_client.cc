#include "support/tls_client.h"

#include <stdexcept>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace allocd::test {

namespace {

std::shared_ptr<BIO> memory(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

std::shared_ptr<X509> certificate(const std::string& pem) {
  return {PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr), X509_free};
}

int number_of(TlsVersion version) {
  switch (version) {
    case TlsVersion::V1_1: return TLS1_1_VERSION;
    case TlsVersion::V1_2: return TLS1_2_VERSION;
    case TlsVersion::V1_3: break;
  }
  return TLS1_3_VERSION;
}

std::shared_ptr<SSL_CTX> context_of(const TlsOptions& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  // Old versions are offered only by a client that takes old algorithms.
  if (options.version == TlsVersion::V1_1) SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), number_of(options.version));
  SSL_CTX_set_max_proto_version(context.get(), number_of(options.version));
  if (options.version == TlsVersion::V1_1)
    SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate(options.authority).get());
  // The cache would spoil what it holds when the context ends.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (options.identity != nullptr) {
    SSL_CTX_use_certificate(context.get(), certificate(options.identity->certificate()).get());
    const std::string pem = options.identity->key();
    const auto bio = memory(pem);
    const std::shared_ptr<EVP_PKEY> key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    for (const Identity& next : options.along)
      SSL_CTX_add1_chain_cert(context.get(), certificate(next.certificate()).get());
  }
  return context;
}

}  // namespace

TlsClient::TlsClient(const std::string& address, const TlsOptions& options)
    : fd_(connected_socket(address)), context_(context_of(options)) {
  // Tickets of TLS 1.3 come after the handshake.
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
    auto* self = static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    self->session_.reset(session, SSL_SESSION_free);
    return 1;
  });
  ssl_.reset(SSL_new(context_.get()), SSL_free);
  SSL_set_fd(ssl_.get(), fd_);
  SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
  SSL_set1_host(ssl_.get(), options.server_name.c_str());
  if (!options.protocols.empty())
    SSL_set_alpn_protos(ssl_.get(),
                        reinterpret_cast<const unsigned char*>(options.protocols.data()),
                        static_cast<unsigned>(options.protocols.size()));
  if (options.resume) SSL_set_session(ssl_.get(), options.resume.get());
  open_ = SSL_connect(ssl_.get()) == 1;
  ERR_clear_error();
}

TlsClient::~TlsClient() {
  if (open_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  ssl_.reset();
  close(fd_);
}

bool TlsClient::was_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsClient::peer() const {
  const X509* shown = SSL_get0_peer_certificate(ssl_.get());
  if (shown == nullptr) return "";
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
  return name;
}

std::shared_ptr<ssl_session_st> TlsClient::session() const { return session_; }

bool TlsClient::send(std::string_view bytes) {
  if (bytes.empty()) return true;
  ERR_clear_error();
  std::size_t sent = 0;
  return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1;
}

bool TlsClient::receive() {
  char buffer[4096];
  std::size_t got = 0;
  ERR_clear_error();
  if (SSL_read_ex(ssl_.get(), buffer, sizeof buffer, &got) != 1) return false;
  input_.append(buffer, got);
  return true;
}

std::optional<HttpAnswer> TlsClient::read_answer() {
  return take_answer(input_, [this] { return receive(); });
}

bool TlsClient::is_finished() {
  if (!input_.empty()) return false;
  char byte = 0;
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), &byte, 1);
  return SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
}

}  // namespace allocd::test
