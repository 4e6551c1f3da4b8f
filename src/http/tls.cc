#include "http/tls.h"

#include <algorithm>
#include <ctime>
#include <new>
#include <span>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace allocd {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
struct FreeBytes {
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};

[[noreturn]] void refuse(const std::string& message) {
  ERR_clear_error();
  throw TlsError{message};
}

// The reason of the oldest error, which is nearest to the cause.
std::string library_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return reason != nullptr ? std::string(": ") + reason : "";
}

Bio read_from(std::string_view pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

// Asked for a passphrase, nobody is there to type one.
int no_passphrase(char*, int, int, void*) { return -1; }

// The certificates of a PEM text, in its order, each given to `take`; how many there were.
template <typename Take>
std::size_t each_certificate(std::string_view pem, const std::string& what, const Take& take) {
  const Bio bio = read_from(pem);
  std::size_t count = 0;
  while (true) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    take(std::move(next));
    ++count;
  }
  // It says so at the end of the text; before that something in it is broken.
  const auto why = ERR_peek_last_error();
  if (ERR_GET_LIB(why) != ERR_LIB_PEM || ERR_GET_REASON(why) != PEM_R_NO_START_LINE)
    refuse(what + " cannot be read" + library_reason());
  ERR_clear_error();
  if (count == 0) refuse("there is no certificate in " + what);
  return count;
}

void use_certificate(SSL_CTX* context, const std::string& pem) {
  bool first = true;
  each_certificate(pem, "the certificate file", [&](Certificate next) {
    if (first) {
      if (SSL_CTX_use_certificate(context, next.get()) != 1)
        refuse("the certificate cannot be used" + library_reason());
      first = false;
    } else if (SSL_CTX_add0_chain_cert(context, next.get()) == 1) {
      next.release();  // the context's now
    }
  });
}

void use_key(SSL_CTX* context, const std::string& pem) {
  const Bio bio = read_from(pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key && pem.find("ENCRYPTED") != std::string::npos)
    refuse("the key is protected by a passphrase, which nobody could type here");
  if (!key) refuse("there is no private key in the key file");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    refuse("the key is not the certificate's");
}

void require_clients(SSL_CTX* context, const std::string& pem) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  each_certificate(pem, "the file of client authorities", [&](const Certificate& next) {
    if (X509_STORE_add_cert(store, next.get()) != 1 ||
        SSL_CTX_add_client_CA(context, next.get()) != 1)
      refuse("an authority of clients cannot be used" + library_reason());
  });
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

// Whatever is shown is taken. Possession of the key is proven all the same (RFC 8446, 4.4.3), and
// the library's bound on all certificates together, 100 KB, stays.
void ask_clients(SSL_CTX* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(
      context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<unsigned char, FreeBytes> owner(bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11 - 1, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

std::shared_ptr<const std::vector<std::string>> shown_certificates(const ssl_st& ssl) {
  const X509* own = SSL_get0_peer_certificate(&ssl);
  if (own == nullptr) return nullptr;
  auto shown = std::make_shared<std::vector<std::string>>();
  shown->push_back(der_of(own));
  // On a server's side, as here, its own is not among them.
  const STACK_OF(X509)* others = SSL_get_peer_cert_chain(&ssl);
  for (int i = 0; i < sk_X509_num(others); ++i) shown->push_back(der_of(sk_X509_value(others, i)));
  return shown;
}

void TlsContext::FreeContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsContext::Context TlsContext::make(const TlsMaterial& material) {
  Context made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.get();
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A connection that waits keeps no buffers, and one read takes all that is there.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  // Tickets are kept by clients; nothing is remembered here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  // Without it a client that resumes where certificates are asked for is turned away.
  constexpr std::string_view kName = "allocd";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kName.data()),
                                 kName.size());
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  use_certificate(context, material.certificate);
  use_key(context, material.key);
  if (!material.client_ca.empty()) {
    require_clients(context, material.client_ca);
  } else if (material.asks_clients) {
    ask_clients(context);
  }
  return made;
}

TlsContext::TlsContext(const TlsMaterial& material) : context_(make(material)) {}

TlsContext::~TlsContext() = default;

void TlsContext::replace(const TlsMaterial& material) {
  Context made = make(material);
  const std::lock_guard lock(mutex_);
  context_.swap(made);  // sessions hold on to the old one
}

Ssl TlsContext::new_session() const {
  const std::lock_guard lock(mutex_);
  Ssl ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_accept_state(ssl.get());
  return ssl;
}

std::chrono::sys_seconds TlsContext::valid_until() const {
  const std::lock_guard lock(mutex_);
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context_.get())), &end);
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&end)));
}

}  // namespace allocd
