#include "http/listen.h"

#include <cctype>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

#include "http/address.h"

namespace allocd {

namespace {

[[noreturn]] void refuse(const std::string& address, std::string why) {
  if (!why.empty()) why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
  throw ListenError{"cannot listen on " + address + ": " + why};
}

std::string error_text(int error) {
  return std::error_code(error, std::generic_category()).message();
}

// `@` in front stands for a name that is no path.
std::string unix_address(const sockaddr_storage& storage, socklen_t length) {
  const auto& name = reinterpret_cast<const sockaddr_un&>(storage);
  std::string path(name.sun_path, length - offsetof(sockaddr_un, sun_path));
  if (path.starts_with('\0')) return "unix:@" + path.substr(1);
  return "unix:" + path.substr(0, path.find('\0'));
}

std::string address_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* name = reinterpret_cast<sockaddr*>(&storage);
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  if (getsockname(fd, name, &length) != 0) return "";
  if (storage.ss_family == AF_UNIX) return unix_address(storage, length);
  if (getnameinfo(name, length, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "";
  const std::string numbers = host;
  return (storage.ss_family == AF_INET6 ? "[" + numbers + "]" : numbers) + ":" + port;
}

// `begin` makes `fd` listen or says false, with errno; -1 with errno then.
template <typename Begin>
int opened(int fd, const Begin& begin) {
  if (fd < 0 || begin(fd)) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// The socket, or -1 with errno.
int try_listen(const addrinfo& where) {
  const int kind = where.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return opened(socket(where.ai_family, kind, where.ai_protocol), [&](int fd) {
    // Not SO_REUSEPORT: with it a second daemon would share the port in silence.
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, where.ai_addr, where.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
  });
}

int unix_socket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// Whether there is a socket whose owner has gone without removing it.
bool is_abandoned(const sockaddr_un& name) {
  struct stat file {};
  if (lstat(name.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int fd = opened(unix_socket(), [&](int made) {
    return connect(made, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  });
  if (fd < 0) return errno == ECONNREFUSED;
  close(fd);
  return false;
}

int option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

Listener inherited(int fd) {
  std::string why;
  if (option(fd, SO_ACCEPTCONN) != 1) {
    why = option(fd, SO_TYPE) == -1 ? error_text(errno) : "it does not listen";
  } else if (option(fd, SO_TYPE) != SOCK_STREAM) {
    why = "it is not a stream";
  } else if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
             fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
    why = error_text(errno);
  } else {
    return {.fd = fd, .address = address_of(fd), .is_shared = true};
  }
  close(fd);
  refuse("the inherited socket " + std::to_string(fd), why);
}

Listener listen_at_path(const HttpEndpoint& endpoint, const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty()) refuse(endpoint.address, "no path after `unix:`");
  if (path.size() >= sizeof name.sun_path)
    refuse(endpoint.address, "the path of a socket has at most " +
                                 std::to_string(sizeof name.sun_path - 1) + " bytes");
  path.copy(name.sun_path, path.size());
  if (is_abandoned(name)) unlink(name.sun_path);
  const int fd = opened(unix_socket(), [&](int made) {
    // Nobody connects before it listens, and then its permissions are what they should be.
    return bind(made, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
           chmod(name.sun_path, endpoint.socket_permissions) == 0 && listen(made, SOMAXCONN) == 0;
  });
  if (fd < 0) refuse(endpoint.address, error_text(errno));
  return {.fd = fd, .address = endpoint.address, .path = path};
}

Listener listen_at_port(const std::string& address) {
  const auto parts = split_address(address);
  if (!parts)
    refuse(address, "not HOST:PORT, such as `127.0.0.1:8080` or `[::1]:8080`, nor `unix:/PATH`");

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found))
    refuse(address, error == EAI_SYSTEM ? error_text(errno) : gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);

  int error = 0;
  for (const addrinfo* where = found; where != nullptr; where = where->ai_next) {
    const int fd = try_listen(*where);
    if (fd >= 0) return {.fd = fd, .address = address_of(fd)};
    if (error == 0) error = errno;
  }
  refuse(address, error_text(error));
}

}  // namespace

Listener listen_on(const HttpEndpoint& endpoint) {
  if (endpoint.inherited_fd >= 0) return inherited(endpoint.inherited_fd);
  if (endpoint.address.starts_with(kUnixAddress))
    return listen_at_path(endpoint, endpoint.address.substr(kUnixAddress.size()));
  return listen_at_port(endpoint.address);
}

}  // namespace allocd
