#include "http/dial.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace allocd {

namespace {

// For one address: who is there says so soon, and there may be others.
constexpr std::chrono::seconds kKnocking{5};

std::string in_sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

NoReply because(int error) {
  if (error == ECONNREFUSED || error == ETIMEDOUT || error == ENOENT)
    return {"nobody answers there"};
  return {"it cannot be reached: " +
          in_sentence(std::error_code(error, std::generic_category()).message())};
}

// Whether `fd` got connected by then; errno says why not.
bool is_connected(int fd, const Deadline& deadline) {
  const auto end = std::min(deadline.end(), Deadline::Clock::now() + kKnocking);
  if (wait_for(fd, POLLOUT, end, deadline.cancel_fd()) == 0) {
    errno = ETIMEDOUT;
    return false;
  }
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0) errno = error;
  return errno == 0;
}

// The socket, or -1 with errno.
int try_dial(int family, const sockaddr* where, socklen_t length, const Deadline& deadline) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, where, length) == 0 || (errno == EINPROGRESS && is_connected(fd, deadline)))
    return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

int dial(const std::string& host, const std::string& port, const Deadline& deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found))
    throw NoReply{"its name cannot be looked up: " + in_sentence(gai_strerror(error))};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);

  int error = 0;
  for (const addrinfo* where = found; where != nullptr; where = where->ai_next) {
    const int fd = try_dial(where->ai_family, where->ai_addr, where->ai_addrlen, deadline);
    if (fd >= 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return fd;
    }
    if (error == 0 || errno == ECONNREFUSED) error = errno;  // somebody is there, at least
    if (deadline.is_over()) throw deadline.missed();
  }
  throw because(error);
}

int dial_path(const std::string& path, const Deadline& deadline) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path)
    throw NoReply{"the path of a socket has 1 to " + std::to_string(sizeof name.sun_path - 1) +
                  " bytes"};
  path.copy(name.sun_path, path.size());
  const int fd = try_dial(AF_UNIX, reinterpret_cast<const sockaddr*>(&name), sizeof name, deadline);
  if (fd < 0) throw because(errno);
  return fd;
}

}  // namespace allocd
