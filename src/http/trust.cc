#include "http/trust.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <new>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "http/reply.h"

namespace allocd {

namespace {

bool is_address(const std::string& host) {
  in6_addr bytes{};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

void must(bool done) {
  if (!done) throw std::bad_alloc();
}

}  // namespace

void Trust::FreeContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Trust::Trust(const std::string& authority) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  must(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // Whoever stands in the file is believed, a root or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  const bool loaded = authority.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                        : SSL_CTX_load_verify_file(context, authority.c_str()) == 1;
  ERR_clear_error();
  if (!loaded)
    throw NoReply{"no certificate of an authority can be read from " +
                  (authority.empty() ? "the system's files" : "`" + authority + "`")};
}

Ssl Trust::new_session(const std::string& host) const {
  Ssl ssl(SSL_new(context_.get()));
  must(ssl != nullptr);
  SSL_set_connect_state(ssl.get());
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_address(host)) {
    // An address is no name that a server could be asked for (RFC 6066, 3).
    must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1);
  } else {
    must(SSL_set1_host(ssl.get(), host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1);
  }
  return ssl;
}

std::string why_no_handshake(const ssl_st& ssl) {
  switch (const long found = SSL_get_verify_result(&ssl)) {
    case X509_V_OK: return "no TLS connection can be made with it";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "its certificate is not of an authority that is known here";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "its certificate is for another host";
    case X509_V_ERR_CERT_HAS_EXPIRED: return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "its certificate is not valid yet";
    default:
      return std::string("its certificate is not believed: ") +
             X509_verify_cert_error_string(found);
  }
}

}  // namespace allocd
