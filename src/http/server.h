// HTTP on a listening address: hands whole requests to a function and sends what it returns.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace allocd {

class TlsContext;

struct HttpRequest {
  std::string method;                                        // "POST", as sent
  std::string path;                                          // percent-decoded, without the query
  std::string query;                                         // as sent, without the `?`
  std::string body;                                          // whole, chunks joined
  std::vector<std::pair<std::string, std::string>> headers;  // as sent, but names in lower case
  // What the client showed when hands were shaken, as DER: its own certificate first, then those
  // that came along. Null where it showed none. Only that it has the key of the first is sure:
  // nobody has vouched for it.
  std::shared_ptr<const std::vector<std::string>> client_certificates;

  // The value of the first header of that name, which is written in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return std::nullopt;
  }
};

// Views are of texts that live on, such as literals.
struct HttpResponse {
  int status = 200;
  std::string_view content_type = "text/plain";
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;  // further ones
};

// Called from several threads at once. Other connections wait for it on its thread: it takes
// microseconds, or there are threads to spare.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpLimits {
  std::size_t body_bytes = 262144;  // beyond: 413
  int idle_seconds = 30;            // a connection between two requests
  int request_seconds = 5;          // reading one request; and sending one answer
  std::size_t threads = 0;          // 0: one for each core
  std::size_t connections = 1024;   // beyond: idle ones give way, then 503
};

// Where a server is to be found.
struct HttpEndpoint {
  // HOST:PORT (`127.0.0.1:8080`, `[::1]:8080`; port 0 takes a free one), or `unix:` and the path
  // of a socket, which is made, and removed at the end. A socket where nobody listens any more is
  // taken over.
  std::string address;
  const TlsContext* tls = nullptr;     // null: no TLS; must outlive the server
  unsigned socket_permissions = 0660;  // of a Unix socket: who can write to it can connect
  // A socket that listens already, in place of `address`; the server closes it, whatever happens.
  // It is somebody else's too (systemd's), so it is never shut down, a path is not removed, and
  // who waits there at the end is left to whoever comes next. -1: none.
  int inherited_fd = -1;
};

// An address that could not be listened on, with the reason, for people.
struct ListenError {
  std::string message;
};

// Serves from its construction to its destruction. Throws ListenError from the constructor.
class HttpServer {
 public:
  HttpServer(const HttpEndpoint& endpoint, const HttpLimits& limits, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens, with the port that was taken.
  const std::string& address() const;
  // How many answers it has given, by status; those to what is no request count too, and the 503 of
  // who is one too many. Safe to call from any thread, as the next one is; never less than before.
  std::map<int, std::uint64_t> answers() const;
  // How many connections it has at the moment, those that get a 503 not counted.
  std::size_t connections() const;
  // Whether every thread that serves comes round within `patience`, or is done. Wakes and waits for
  // them, so not for a handler. From any thread.
  bool is_alive(std::chrono::milliseconds patience);
  // Takes no new connection, answers what is in flight, returns when all is done: after
  // `request_seconds` and a half more, whatever clients do, and no later than `by`.
  void stop(
      std::chrono::steady_clock::time_point by = std::chrono::steady_clock::time_point::max());

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace allocd
