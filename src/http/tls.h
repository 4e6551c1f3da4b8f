// TLS for a listener: who we are, and whom we let in.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace allocd {

// As PEM (RFC 7468).
struct TlsMaterial {
  std::string certificate;  // ours first, then those that lead from it to a root
  std::string key;          // of ours, without a passphrase
  // Clients must show a certificate that one of these vouches for; empty: they need none.
  std::string client_ca;
  // In place of that: clients are asked for a certificate, and may show none or any, vouched for or
  // not, over or not; only the key must be theirs. No session is resumed then: it would remember
  // the first certificate only.
  bool asks_clients = false;

  bool operator==(const TlsMaterial&) const = default;
};

// Material that cannot be used, with the reason, for people. Never says anything of the key.
struct TlsError {
  std::string message;
};

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
using Ssl = std::unique_ptr<ssl_st, FreeSsl>;

// What the client of a finished handshake showed, as DER: its own certificate first, then those
// that came along. Null where it showed none. Throws std::bad_alloc.
std::shared_ptr<const std::vector<std::string>> shown_certificates(const ssl_st& ssl);

// TLS 1.2 and 1.3, with resumption by tickets (RFC 5077, RFC 8446) unless clients are asked who
// they are, HTTP/1.1 by ALPN (RFC 7301) and no renegotiation. Safe to use from any thread.
class TlsContext {
 public:
  // Throws TlsError.
  explicit TlsContext(const TlsMaterial& material);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Serves connections that come from now on; the others go on as they are. Sessions from before
  // are not resumed. Throws TlsError, and nothing has changed then.
  void replace(const TlsMaterial& material);

  // The server's side of one connection, to be given its socket. Throws std::bad_alloc.
  Ssl new_session() const;
  // The end of its certificate. Certificates without an end have the year 9999 (RFC 5280, 4.1.2.5).
  std::chrono::sys_seconds valid_until() const;

 private:
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const;
  };
  using Context = std::unique_ptr<ssl_ctx_st, FreeContext>;

  static Context make(const TlsMaterial& material);

  mutable std::mutex mutex_;
  Context context_;
};

}  // namespace allocd
