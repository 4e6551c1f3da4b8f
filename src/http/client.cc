#include "http/client.h"

#include <exception>
#include <optional>
#include <utility>

#include "http/address.h"
#include "http/client_connection.h"
#include "http/deadline.h"
#include "http/dial.h"
#include "http/trust.h"

namespace allocd {

namespace {

// What a daemon says to a command may be long: every mistake of a large set.
constexpr std::size_t kMaxDaemonReply = 64 << 20;

const NoReply kClosed{"it closed the connection without an answer"};

std::string request_text(std::string_view method, std::string_view target, std::string_view host,
                         std::string_view content_type, std::string_view body) {
  std::string out;
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host);
  if (!content_type.empty()) out.append("\r\nContent-Type: ").append(content_type);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  return out.append("\r\nAccept-Encoding: identity\r\n\r\n").append(body);
}

template <typename Ask>
std::variant<HttpReply, NoReply> without_throwing(const Ask& ask) {
  try {
    return ask();
  } catch (const NoReply& none) {
    return none;
  } catch (const std::exception& error) {
    return NoReply{std::string("the machine does not let us ask: ") + error.what()};
  }
}

}  // namespace

std::variant<HttpReply, NoReply> ask_server(const std::string& address, const std::string& method,
                                            const std::string& target,
                                            std::chrono::seconds patience) {
  return without_throwing([&] {
    const bool is_path = address.starts_with(kUnixAddress);
    const auto place = split_address(address);
    if (!is_path && !place)
      throw NoReply{"not HOST:PORT, such as `127.0.0.1:8081`, nor `unix:/PATH`"};
    const Deadline deadline(patience);
    const int fd = is_path ? dial_path(address.substr(kUnixAddress.size()), deadline)
                           : dial(place->host, place->port, deadline);
    ClientConnection connection(fd, nullptr, deadline);
    auto reply =
        connection.ask(request_text(method, target, is_path ? "localhost" : address, "", ""),
                       deadline, kMaxDaemonReply);
    if (!reply) throw kClosed;
    return std::move(*reply);
  });
}

HttpClient::HttpClient(HttpUrl url, std::string authority, int cancel_fd)
    : url_(std::move(url)), authority_(std::move(authority)), cancel_fd_(cancel_fd) {}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

std::variant<HttpReply, NoReply> HttpClient::post(const std::string& body,
                                                  std::string_view content_type,
                                                  std::chrono::milliseconds patience,
                                                  std::size_t max_bytes) {
  auto reply = without_throwing([&] {
    const std::string request =
        request_text("POST", url_.target, host_header(url_), content_type, body);
    return ask(request, Deadline(patience, cancel_fd_), max_bytes);
  });
  if (std::holds_alternative<NoReply>(reply)) connection_.reset();
  return reply;
}

HttpReply HttpClient::ask(std::string_view request, const Deadline& deadline,
                          std::size_t max_bytes) {
  std::optional<HttpReply> reply;
  if (connection_ && connection_->is_still_open())
    reply = connection_->ask(request, deadline, max_bytes);
  if (!reply) {
    connection_.reset();
    connection_ = connected(deadline);
    reply = connection_->ask(request, deadline, max_bytes);
  }
  if (!reply) throw kClosed;
  if (!connection_->is_kept()) connection_.reset();
  return std::move(*reply);
}

std::unique_ptr<ClientConnection> HttpClient::connected(const Deadline& deadline) {
  if (url_.is_tls && !trust_) trust_ = std::make_unique<Trust>(authority_);
  Ssl ssl = url_.is_tls ? trust_->new_session(url_.host) : nullptr;
  const int fd = dial(url_.host, std::to_string(url_.port), deadline);
  return std::make_unique<ClientConnection>(fd, std::move(ssl), deadline);
}

}  // namespace allocd
