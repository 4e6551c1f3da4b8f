// Any bytes at a whole connection, cut anywhere, read by a peer that is slow to read: what it
// answers does not depend on that, and it always comes to an end.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/connection.h"

using allocd::Connection;
using Phase = allocd::Connection::Phase;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

allocd::HttpResponse echo(const allocd::HttpRequest& request) {
  if (request.path == "/throw") throw std::exception();
  const std::size_t copies = request.path == "/long" ? 200 : 1;
  std::string body = request.method + " " + request.path;
  for (std::size_t i = 0; i < copies; ++i) body += request.body;
  return {200, "text/plain", std::move(body), {}};
}

// What the peer gets to read. `step` says how many bytes are sent, and read, at a time.
template <typename Step>
std::string talk(std::string_view bytes, bool reads_late, const Step& step) {
  static const allocd::HttpLimits limits{.body_bytes = 4096};
  static const allocd::HttpHandler handler = echo;
  static const std::atomic<bool> stopping = false;
  static allocd::Desk desk{.limits = limits, .handler = handler, .stopping = stopping};

  int ends[2];
  expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  const int small = 4096;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  desk.now = Connection::Clock::now();
  std::string heard;
  char buffer[65536];
  const auto hear = [&](std::size_t most) {
    const ssize_t got = read(ends[1], buffer, std::min(most, sizeof buffer));
    if (got > 0) heard.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  };
  {
    Connection connection(ends[0], nullptr, limits.body_bytes, Connection::Welcome::Serve);
    connection.arrive(desk);
    connection.take_turn(EPOLLOUT, desk);
    bool finished = false;
    // Each turn sends or reads something, or there is nothing left to do.
    for (std::size_t turns = 0; connection.phase() != Phase::Closed; ++turns) {
      expect(turns < 3'000'000);
      const std::size_t size = std::min<std::size_t>(step(), bytes.size());
      const ssize_t sent = bytes.empty() ? 0 : send(ends[1], bytes.data(), size, MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (bytes.empty() && !finished) {
        shutdown(ends[1], SHUT_WR);
        finished = true;
      }
      if (!reads_late || sent <= 0) hear(step());
      connection.take_turn(EPOLLIN | EPOLLOUT | (finished ? EPOLLRDHUP : 0U), desk);
    }
  }
  while (hear(sizeof buffer)) continue;
  close(ends[1]);
  return heard;
}

void erase_all(std::string& text, std::string_view what, std::size_t and_after) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos;)
    text.erase(at, what.size() + and_after);
}

// Without what depends on the time, or on whether a body was waited for.
std::string settled(std::string text) {
  erase_all(text, "\r\nDate: ", 29);
  erase_all(text, "HTTP/1.1 100 Continue\r\n\r\n", 0);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = talk(bytes, false, [] { return std::size_t{65536}; });
  expect(whole.empty() || whole.starts_with("HTTP/1.1 "));
  std::minstd_rand random(static_cast<std::uint32_t>(size) + (size > 0 ? data[size / 2] : 0U));
  const std::string pieces = talk(bytes, true, [&] { return 1 + random() % 3000; });
  expect(settled(whole) == settled(pieces));
  return 0;
}
