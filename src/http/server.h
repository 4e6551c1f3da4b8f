// HTTP on a listening address: hands whole requests to a function and sends what it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace allocd {

struct HttpRequest {
  std::string method;  // "POST", as sent
  std::string path;    // percent-decoded, without the query
  std::string query;   // as sent, without the `?`
  std::string body;    // whole, chunks joined
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
};

// Called from several threads at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpLimits {
  std::size_t body_bytes = 262144;  // beyond: 413
  int idle_seconds = 30;            // a connection between two requests
  int request_seconds = 5;          // reading one request
  std::size_t threads = 0;          // 0: one for each core, at least 4
};

// An address that could not be listened on, with the reason, for people.
struct ListenError {
  std::string message;
};

// Serves from its construction to its destruction. Throws ListenError from the constructor.
class HttpServer {
 public:
  // `address` is HOST:PORT (`127.0.0.1:8080`, `[::1]:8080`); port 0 takes a free one.
  HttpServer(const std::string& address, const HttpLimits& limits, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens, with the port that was taken.
  const std::string& address() const;
  // Takes no new connection, answers what is in flight, returns when all is done.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace allocd
