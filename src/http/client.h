// Asks servers that speak HTTP: for commands that ask a daemon, and for who calls a webhook.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "http/reply.h"
#include "http/url.h"

namespace allocd {

class ClientConnection;
class Deadline;
class Trust;

// Sends a request without a body to `address` (HOST:PORT, or `unix:` and the path of a socket) and
// waits for the answer, `patience` for all of it. Does not throw.
std::variant<HttpReply, NoReply> ask_server(const std::string& address, const std::string& method,
                                            const std::string& target,
                                            std::chrono::seconds patience);

// Asks one server again and again, over a connection that is kept. For one thread at a time.
class HttpClient {
 public:
  // `authority` is the path of a PEM file of those whom an https:// server is believed by; empty:
  // the system's. It is read when it is first needed. Once there is something to read from
  // `cancel_fd`, which stays the caller's, nothing is waited for any more; -1: there never is.
  explicit HttpClient(HttpUrl url, std::string authority = {}, int cancel_fd = -1);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // The whole exchange, from connecting to the last byte, takes no longer than `patience`; only
  // looking up a name may. An answer larger than `max_bytes` (head and body each) is none.
  // Redirects are not followed, a Content-Encoding is not undone. A kept connection that the server
  // has closed meanwhile is made anew, once, without losing the request. Does not throw.
  std::variant<HttpReply, NoReply> post(const std::string& body, std::string_view content_type,
                                        std::chrono::milliseconds patience,
                                        std::size_t max_bytes = 1 << 20);

 private:
  HttpReply ask(std::string_view request, const Deadline& deadline, std::size_t max_bytes);
  std::unique_ptr<ClientConnection> connected(const Deadline& deadline);

  HttpUrl url_;
  std::string authority_;
  int cancel_fd_;
  std::unique_ptr<Trust> trust_;                  // null until needed
  std::unique_ptr<ClientConnection> connection_;  // null where none is kept
};

}  // namespace allocd
