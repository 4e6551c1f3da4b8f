#include "http/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "http/head.h"

namespace allocd {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kMaxChunkLine = 1024;
constexpr std::chrono::seconds kLinger{1};

}  // namespace

StopSignal::StopSignal(int request_seconds)
    : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      grace_(std::chrono::seconds(request_seconds)),
      end_(std::chrono::steady_clock::time_point::max()) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

StopSignal::~StopSignal() { close(fd_); }

void StopSignal::raise() {
  end_ = std::chrono::steady_clock::now() + grace_;
  raised_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

std::chrono::steady_clock::time_point StopSignal::bounded(
    std::chrono::steady_clock::time_point deadline) const {
  return std::min(deadline, end_.load());
}

Connection::Connection(int fd, const HttpLimits& limits, const StopSignal& stop)
    : fd_(fd), limits_(limits), stop_(stop) {
  // Without it an answer can wait 40 ms for the peer's acknowledgement of the one before.
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() { close(fd_); }

Connection::Progress Connection::wait(short events, Clock::time_point deadline) {
  while (true) {
    const auto left = stop_.bounded(deadline) - Clock::now();
    if (left <= Clock::duration::zero()) return Progress::TooSlow;
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd fds[] = {{fd_, events, 0}, {stop_.fd(), POLLIN, 0}};
    // Once it is raised the signal would end every wait: the deadline knows about it by then.
    const nfds_t count = stop_.raised() ? 1 : 2;
    const int ready = poll(fds, count, static_cast<int>(std::min<std::int64_t>(millis, 60'000)));
    if (ready < 0 && errno != EINTR) return Progress::Gone;
    if (ready > 0 && fds[0].revents != 0) return Progress::Done;
  }
}

Connection::Progress Connection::receive_more(Clock::time_point deadline) {
  char buffer[16384];
  input_.erase(0, used_);
  used_ = 0;
  while (true) {
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) {
      input_.append(buffer, static_cast<std::size_t>(got));
      // A peer that always has one more byte must not escape its deadline.
      return Clock::now() < stop_.bounded(deadline) ? Progress::Done : Progress::TooSlow;
    }
    if (got == 0) return Progress::Gone;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return Progress::Gone;
    if (const Progress waited = wait(POLLIN, deadline); waited != Progress::Done) return waited;
  }
}

// Done with `found` beyond `limit` where the end is not within it.
Connection::Progress Connection::receive_until(std::string_view end, std::size_t limit,
                                               Clock::time_point deadline, std::size_t& found) {
  std::size_t from = 0;
  while (true) {
    const std::string_view input = unread();
    found = input.find(end, from);
    if (found != std::string_view::npos || input.size() > limit) return Progress::Done;
    from = input.size() < end.size() ? 0 : input.size() - end.size() + 1;
    if (const Progress got = receive_more(deadline); got != Progress::Done) return got;
  }
}

WireFailure Connection::incomplete(Progress progress) const {
  // 4xx would make DPS give the device up; who is slow may try again.
  if (progress == Progress::TooSlow) return {503, "the request took too long to arrive"};
  return {};
}

WireFailure Connection::too_large() const {
  return {413, "the body has more than " + std::to_string(limits_.body_bytes) + " bytes"};
}

std::variant<WireRequest, WireFailure> Connection::read_request() {
  const auto deadline = Clock::now() + std::chrono::seconds(limits_.request_seconds);
  // Clients may send an empty line between requests (RFC 9112, 2.2).
  while (unread().size() < kLineEnd.size() || unread().starts_with(kLineEnd)) {
    if (unread().starts_with(kLineEnd)) {
      used_ += kLineEnd.size();
    } else if (receive_more(deadline) != Progress::Done) {
      return WireFailure{};
    }
  }

  std::size_t end = 0;
  if (receive_until("\r\n\r\n", kMaxHeadBytes, deadline, end) != Progress::Done)
    return WireFailure{};
  if (end > kMaxHeadBytes) return WireFailure{431, "the head is too long"};
  auto parsed = parse_head(unread().substr(0, end + 4));
  if (const auto* error = std::get_if<HeadError>(&parsed))
    return WireFailure{error->status, std::string(error->text)};
  auto& head = std::get<RequestHead>(parsed);
  used_ += end + 4;

  if (head.content_length > limits_.body_bytes) return too_large();
  if (head.expects_continue && !has_input() && (head.chunked || head.content_length > 0) &&
      !send_all("HTTP/1.1 100 Continue\r\n\r\n"))
    return WireFailure{};
  auto body = head.chunked ? read_chunks(deadline) : read_sized(head.content_length, deadline);
  if (auto* failure = std::get_if<WireFailure>(&body)) return std::move(*failure);
  return WireRequest{std::move(head.line), std::move(std::get<std::string>(body)), head.keep_alive};
}

std::variant<std::string, WireFailure> Connection::read_sized(std::size_t bytes,
                                                              Clock::time_point deadline) {
  while (unread().size() < bytes)
    if (const Progress got = receive_more(deadline); got != Progress::Done) return incomplete(got);
  std::string body(unread().substr(0, bytes));
  used_ += bytes;
  return body;
}

std::variant<std::string, WireFailure> Connection::read_chunks(Clock::time_point deadline) {
  std::string body;
  std::size_t trailers = 0;
  while (true) {
    std::size_t end = 0;
    if (const Progress got = receive_until(kLineEnd, kMaxChunkLine, deadline, end);
        got != Progress::Done)
      return incomplete(got);
    if (end > kMaxChunkLine) return WireFailure{400, "a chunk's first line is too long"};
    const auto size = chunk_size(unread().substr(0, end));
    if (!size) return WireFailure{400, "a chunk without a size"};
    used_ += end + kLineEnd.size();
    if (*size == 0) break;
    if (*size > limits_.body_bytes - body.size()) return too_large();

    auto chunk = read_sized(*size + kLineEnd.size(), deadline);
    if (auto* failure = std::get_if<WireFailure>(&chunk)) return std::move(*failure);
    const auto& data = std::get<std::string>(chunk);
    if (!data.ends_with(kLineEnd)) return WireFailure{400, "a chunk longer than its size"};
    body.append(data, 0, *size);
  }
  // Trailers up to the empty line say nothing to us.
  while (true) {
    std::size_t end = 0;
    if (const Progress got = receive_until(kLineEnd, kMaxHeadBytes, deadline, end);
        got != Progress::Done)
      return incomplete(got);
    if (end > kMaxHeadBytes || (trailers += end) > kMaxHeadBytes)
      return WireFailure{431, "the trailers are too long"};
    used_ += end + kLineEnd.size();
    if (end == 0) return body;
  }
}

bool Connection::send_all(std::string_view bytes) {
  const auto deadline = Clock::now() + std::chrono::seconds(limits_.request_seconds);
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (wait(POLLOUT, deadline) != Progress::Done) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void Connection::linger() {
  if (stop_.raised()) return;
  shutdown(fd_, SHUT_WR);
  const auto deadline = Clock::now() + kLinger;
  do {
    used_ = input_.size();
  } while (!stop_.raised() && receive_more(deadline) == Progress::Done);
}

}  // namespace allocd
