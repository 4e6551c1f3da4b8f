// A client that speaks TLS, as a program other than ours would.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/certificates.h"
#include "support/http_client.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace allocd::test {

enum class TlsVersion { V1_1, V1_2, V1_3 };

struct TlsOptions {
  std::string authority;               // PEM: whom it trusts
  std::string server_name = "server";  // whom it wants to talk to
  TlsVersion version = TlsVersion::V1_3;
  const Identity* identity = nullptr;  // what it shows when asked
  std::vector<Identity> along;         // shown behind that, in this order
  std::string protocols;               // as in ALPN: length, name, ..
  std::shared_ptr<ssl_session_st> resume;
};

// One connection, blocking; every wait is bounded by ten seconds.
class TlsClient {
 public:
  // Throws std::runtime_error where nobody answers. Whether hands could be shaken, is_open() says.
  TlsClient(const std::string& address, const TlsOptions& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool is_open() const { return open_; }
  bool was_resumed() const;
  std::string protocol() const;  // by ALPN; empty where none was agreed
  std::string peer() const;      // the common name of its certificate
  // As the server gave it, to be had after an answer.
  std::shared_ptr<ssl_session_st> session() const;

  bool send(std::string_view bytes);
  std::optional<HttpAnswer> read_answer();
  // Whether the other side has nothing more to say, and said so (close_notify).
  bool is_finished();

 private:
  bool receive();

  int fd_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> ssl_;
  std::shared_ptr<ssl_session_st> session_;
  bool open_ = false;
  std::string input_;
};

}  // namespace allocd::test
