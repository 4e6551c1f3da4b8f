#include "http/socket.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace allocd {

namespace {

constexpr std::uint32_t kHungUp = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

void Socket::notice(std::uint32_t events) {
  if ((events & (EPOLLIN | kHungUp)) != 0) readable_ = true;
  if ((events & kHungUp) != 0) hung_up_ = true;
}

Transfer Socket::receive(std::span<char> into) {
  while (readable_) {
    const ssize_t got = recv(fd_, into.data(), into.size(), 0);
    if (got > 0) {
      const auto size = static_cast<std::size_t>(got);
      // Less than there was room for: there is no more. Asking once more for the system to say so
      // would be a third of all system calls.
      if (size < into.size() && !hung_up_) readable_ = false;
      received_ = true;
      return {Transfer::Result::Some, size};
    }
    if (got < 0 && errno == EINTR) continue;
    finished_ = got == 0;
    if (finished_ || !would_block()) return {Transfer::Result::Ended, 0};
    readable_ = hung_up_ = false;
  }
  return {Transfer::Result::Blocked, 0};
}

Transfer Socket::send(std::string_view bytes) {
  while (true) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {Transfer::Result::Some, static_cast<std::size_t>(sent)};
    if (would_block()) return {Transfer::Result::Blocked, 0};
    if (errno != EINTR) return {Transfer::Result::Ended, 0};
  }
}

void Socket::finish_sending() { shutdown(fd_, SHUT_WR); }

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace allocd
