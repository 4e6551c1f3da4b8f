#include "http/client_connection.h"

#include <cstdint>
#include <poll.h>
#include <sys/epoll.h>
#include <utility>

#include "http/trust.h"

namespace allocd {

// What poll says, a channel takes for epoll's.
static_assert(std::uint32_t{EPOLLIN} == POLLIN && std::uint32_t{EPOLLOUT} == POLLOUT &&
              std::uint32_t{EPOLLERR} == POLLERR && std::uint32_t{EPOLLHUP} == POLLHUP);

ClientConnection::ClientConnection(int fd, Ssl ssl, const Deadline& deadline)
    : channel_(fd, std::move(ssl)) {
  shake_hands(deadline);
}

void ClientConnection::wait(short events, const Deadline& deadline) {
  if (deadline.is_over()) throw deadline.missed();
  channel_.notice(static_cast<std::uint32_t>(
      wait_for(channel_.fd(), events, deadline.end(), deadline.cancel_fd())));
}

void ClientConnection::shake_hands(const Deadline& deadline) {
  while (!channel_.is_open()) {
    const Transfer got = channel_.receive(buffer_);
    if (got.has_ended()) throw NoReply{why_no_handshake(*channel_.tls())};
    early_ = got.bytes;
    if (!channel_.is_open()) wait(channel_.waits_to_write() ? POLLOUT : POLLIN, deadline);
  }
}

std::optional<HttpReply> ClientConnection::ask(std::string_view request, const Deadline& deadline,
                                               std::size_t max_bytes) {
  kept_ = false;
  // A server may answer, and leave, before it has read all: the answer counts all the same.
  const bool sent = send(request, deadline);
  ReplyReader reader([&] { return receive(deadline); }, max_bytes);
  auto reply = reader.read();
  kept_ = sent && reply && reader.keeps_connection();
  return reply;
}

// Whether all was sent, before anything came.
bool ClientConnection::send(std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const Transfer sent = channel_.send(bytes);
    if (sent.has_ended()) return false;
    bytes.remove_prefix(sent.bytes);
    if (sent.is_some()) continue;
    wait(POLLIN | POLLOUT, deadline);
    const Transfer got = channel_.receive(buffer_);
    early_ = got.bytes;
    if (got.is_some() || got.has_ended()) return false;
  }
  return true;
}

ReplyReader::Piece ClientConnection::receive(const Deadline& deadline) {
  if (early_ > 0) return {std::string_view(buffer_).substr(0, std::exchange(early_, 0))};
  while (true) {
    if (deadline.is_over()) throw deadline.missed();
    const Transfer got = channel_.receive(buffer_);
    if (got.is_some()) return {std::string_view(buffer_).substr(0, got.bytes)};
    if (got.has_ended()) return {.bytes = {}, .is_cut = !channel_.is_finished()};
    wait(channel_.waits_to_write() ? POLLOUT : POLLIN, deadline);
  }
}

bool ClientConnection::is_still_open() {
  if (!kept_) return false;
  channel_.notice(
      static_cast<std::uint32_t>(wait_for(channel_.fd(), POLLIN, Deadline::Clock::now())));
  // Whatever it says, nobody asked for it.
  const Transfer got = channel_.receive(buffer_);
  return !got.is_some() && !got.has_ended();
}

}  // namespace allocd
