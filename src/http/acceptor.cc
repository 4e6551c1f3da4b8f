#include "http/acceptor.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace allocd {

namespace {

// They are there for a second to read their 503; who comes in such numbers is just cut off.
constexpr std::size_t kMaxRefused = 256;
constexpr int kBreathMillis = 20;

}  // namespace

Acceptor::Acceptor(int listener, bool is_shared, const HttpLimits& limits,
                   const std::atomic<bool>& stopping, Occupancy& occupancy,
                   const std::vector<std::unique_ptr<EventLoop>>& loops)
    : listener_(listener),
      is_shared_(is_shared),
      limits_(limits),
      stopping_(stopping),
      occupancy_(occupancy),
      loops_(loops),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  // Accepted sockets inherit it. Without it an answer can wait 40 ms for the peer's
  // acknowledgement of the one before.
  const int on = 1;
  setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Acceptor::~Acceptor() { close(wake_); }

void Acceptor::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

std::uint64_t Acceptor::ask_for_beat() {
  const std::uint64_t asked = pulse_.ask();
  wake();
  return asked;
}

void Acceptor::run() {
  while (!stopping_) {
    pollfd fds[] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0) {
      std::uint64_t calls = 0;  // taken off, or the next poll() would not wait
      [[maybe_unused]] const ssize_t got = read(wake_, &calls, sizeof calls);
    }
    pulse_.beat();
    if (fds[0].revents == 0 || stopping_ || accept_one()) continue;
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;
    // Nothing to accept it with. Asking again at once would spin.
    free_descriptor();
    poll(&fds[1], 1, kBreathMillis);
  }
  // Closing the socket would reset those who wait there, unless somebody else accepts them.
  for (std::size_t i = 0; !is_shared_ && i < limits_.connections && accept_one(); ++i) continue;
  pulse_.end();
}

// False, with errno, where there is none to be had.
bool Acceptor::accept_one() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return false;
  const auto place = occupancy_.enter([this](std::size_t i) { return loops_[i]->idle(); });
  if (place) {
    try {
      loops_[place->loop]->adopt(fd, Connection::Welcome::Serve);
    } catch (const std::bad_alloc&) {
      occupancy_.leave(place->loop);
      close(fd);
    }
    if (place->owing) loops_[*place->owing]->make_room();
  } else if (!refuse(fd)) {
    close(fd);
  }
  return true;
}

bool Acceptor::refuse(int fd) {
  std::size_t already = 0;
  for (const auto& loop : loops_) already += loop->refused();
  if (already >= kMaxRefused) return false;
  try {
    loops_[already % loops_.size()]->adopt(fd, Connection::Welcome::Refuse);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Acceptor::free_descriptor() {
  const auto& loop =
      *std::max_element(loops_.begin(), loops_.end(),
                        [](const auto& a, const auto& b) { return a->idle() < b->idle(); });
  loop->free_descriptor();
}

}  // namespace allocd
