#include "support/http_client.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace allocd::test {

namespace {

HttpAnswer parse_head(std::string_view head) {
  HttpAnswer answer;
  answer.status = std::stoi(std::string(head.substr(head.find(' ') + 1, 3)));
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      std::string name(line.substr(0, colon));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      answer.headers[name] = line.substr(colon + 2);
    }
    at = end;
  }
  return answer;
}

int connected(int fd, const sockaddr* where, socklen_t size, const std::string& address) {
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd, where, size) == 0) return fd;
  close(fd);
  throw std::runtime_error("cannot connect to " + address);
}

}  // namespace

int connected_socket(const std::string& address) {
  if (address.starts_with("unix:")) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    address.copy(name.sun_path, sizeof name.sun_path - 1, 5);
    return connected(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                     reinterpret_cast<const sockaddr*>(&name), sizeof name, address);
  }
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0)
    throw std::runtime_error("no address: " + address);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connected(fd, found->ai_addr, found->ai_addrlen, address);
}

std::optional<HttpAnswer> take_answer(std::string& input, const std::function<bool()>& receive,
                                      bool head_only) {
  std::size_t end = 0;
  while ((end = input.find("\r\n\r\n")) == std::string::npos)
    if (!receive()) return std::nullopt;
  HttpAnswer answer = parse_head(std::string_view(input).substr(0, end));
  input.erase(0, end + 4);
  std::size_t length = 0;
  if (const auto found = answer.headers.find("content-length");
      found != answer.headers.end() && !head_only)
    length = std::stoul(found->second);
  while (input.size() < length)
    if (!receive()) return std::nullopt;
  answer.body = input.substr(0, length);
  input.erase(0, length);
  return answer;
}

HttpClient::HttpClient(const std::string& address) : fd_(connected_socket(address)) {}

HttpClient::~HttpClient() { close(fd_); }

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void HttpClient::finish_sending() { shutdown(fd_, SHUT_WR); }

bool HttpClient::receive() {
  char buffer[4096];
  const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpAnswer> HttpClient::read_answer(bool head_only) {
  return take_answer(
      input_, [this] { return receive(); }, head_only);
}

bool HttpClient::is_closed() {
  if (!input_.empty()) return false;
  char byte = 0;
  return recv(fd_, &byte, 1, 0) == 0;
}

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text.append(body);
}

std::optional<HttpAnswer> ask(const std::string& address, std::string_view request) {
  HttpClient client(address);
  if (!client.send(request)) return std::nullopt;
  return client.read_answer();
}

}  // namespace allocd::test
