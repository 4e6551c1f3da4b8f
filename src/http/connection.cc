#include "http/connection.h"

#include <cerrno>
#include <optional>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <variant>

#include "http/answer_text.h"

namespace allocd {

namespace {

constexpr std::uint32_t kHungUp = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
// Sent before more pipelined requests are answered.
constexpr std::size_t kMaxAnswers = 262144;
constexpr std::size_t kMaxDiscarded = 8 << 20;
constexpr int kReceivesPerTurn = 4;

}  // namespace

void Desk::clear_answers() {
  // One large answer is no reason to keep its size for good.
  if (answers.capacity() > 4 * kMaxAnswers) answers = std::string();
  answers.clear();
}

Connection::Connection(int fd, std::size_t body_bytes, Welcome welcome)
    : fd_(fd), welcome_(welcome), since_(Clock::now()), framer_(body_bytes) {}

Connection::~Connection() { close_now(); }

void Connection::close_now() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  phase_ = Phase::Closed;
}

void Connection::wait_for(Phase phase, Desk& desk) {
  phase_ = phase;
  since_ = desk.now;
}

void Connection::take_turn(std::uint32_t events, Desk& desk) {
  if ((events & (EPOLLIN | kHungUp)) != 0) readable_ = true;
  if ((events & kHungUp) != 0) hung_up_ = true;
  desk.clear_answers();
  if (is_refused() && !last_) {
    append_failure({503, "too many connections"}, desk.answers);
    last_ = unread_ = true;
    if (send_answers(desk)) end(desk);
  }
  if (phase_ == Phase::Write && !send_rest(desk)) return;
  for (int i = 0; i < kReceivesPerTurn && wants_another_turn(); ++i)
    phase_ == Phase::Linger ? discard(desk) : receive(desk);
}

void Connection::receive(Desk& desk) {
  std::string& buffer = desk.receive_buffer;
  const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    const auto size = static_cast<std::size_t>(got);
    // Less than there was room for: there is no more. Asking once more for the socket to say so
    // would be a third of all system calls.
    if (size < buffer.size() && !hung_up_) readable_ = false;
    answer(std::string_view(buffer).substr(0, size), desk);
  } else if (got < 0 && errno == EINTR) {
    return;
  } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    readable_ = hung_up_ = false;
  } else {
    close_now();
  }
}

// Frames and answers `input`, in order; what comes after an answer that does not get through is
// kept for later.
void Connection::answer(std::string_view input, Desk& desk) {
  const bool was_idle = phase_ == Phase::Idle;
  bool answered = false;
  while (!last_ && !input.empty()) {
    auto read = framer_.read(input);
    if (auto* wire = std::get_if<WireRequest>(&read)) {
      answered = true;
      answer_one(std::move(*wire), desk);
    } else if (const auto* failure = std::get_if<WireFailure>(&read)) {
      append_failure(*failure, desk.answers);
      last_ = unread_ = true;
    } else if (framer_.take_expectation()) {
      desk.answers += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    if (desk.answers.size() > kMaxAnswers && !send_answers(desk)) break;
  }
  if (!is_closed() && (phase_ == Phase::Write || !send_answers(desk))) input_ = input;
  if (is_closed() || phase_ == Phase::Write) return;
  if (last_) {
    unread_ = unread_ || !input.empty() || readable_;
    end(desk);
  } else if (answered || (was_idle && framer_.has_started())) {
    wait_for(framer_.has_started() ? Phase::Request : Phase::Idle, desk);
  }
}

void Connection::answer_one(WireRequest wire, Desk& desk) {
  const bool version_1_0 = wire.head.version_1_0;
  const bool head_only = wire.head.method == "HEAD";
  bool keep_alive = wire.head.keep_alive;
  const auto request = desk.translator.translate(std::move(wire));
  if (!request) {
    append_failure({400, "unknown method"}, desk.answers);
    last_ = unread_ = true;
    return;
  }
  HttpResponse response;
  try {
    response = desk.handler(*request);
  } catch (...) {
    // What the exception says is nobody's business on the other side.
    response = {500, "text/plain", "internal error", {}};
  }
  // Raised, maybe, while the handler was at it.
  keep_alive = keep_alive && !desk.stopping;
  last_ = !keep_alive;
  const Ending kept = version_1_0 ? Ending::KeepAliveSaid : Ending::KeepAlive;
  append_answer(response, keep_alive ? kept : Ending::Close, head_only, desk.answers);
}

// False where the socket does not take them all, or the peer is gone: phase() says which.
bool Connection::send_answers(Desk& desk) {
  std::string_view rest = desk.answers;
  while (!rest.empty()) {
    const ssize_t sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      output_ = rest;
      sent_ = 0;
      desk.answers.clear();
      wait_for(Phase::Write, desk);
      return false;
    } else if (errno != EINTR) {
      close_now();
      return false;
    }
  }
  desk.answers.clear();
  return true;
}

// The deadline stays: it is one for the whole answer.
bool Connection::send_rest(Desk& desk) {
  while (sent_ < output_.size()) {
    const ssize_t sent = send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (sent > 0) {
      sent_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    } else if (errno != EINTR) {
      close_now();
      return false;
    }
  }
  output_ = std::string();
  go_on(desk);
  return phase_ != Phase::Write && !is_closed();
}

void Connection::go_on(Desk& desk) {
  if (last_) {
    unread_ = unread_ || !input_.empty() || readable_;
    return end(desk);
  }
  wait_for(framer_.has_started() ? Phase::Request : Phase::Idle, desk);
  const std::string input = std::exchange(input_, std::string());
  answer(input, desk);
}

// Closing with bytes unread would reset the connection, and the peer could lose the answer.
void Connection::end(Desk& desk) {
  input_ = std::string();
  if (!unread_) return close_now();
  shutdown(fd_, SHUT_WR);
  wait_for(Phase::Linger, desk);
}

void Connection::discard(Desk& desk) {
  const ssize_t got = recv(fd_, desk.receive_buffer.data(), desk.receive_buffer.size(), 0);
  if (got > 0) {
    discarded_ += static_cast<std::size_t>(got);
    if (discarded_ > kMaxDiscarded) close_now();
  } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    readable_ = false;
  } else if (got == 0 || errno != EINTR) {
    close_now();
  }
}

void Connection::expire(Desk& desk) {
  if (phase_ != Phase::Request || !framer_.has_head()) return close_now();
  // 4xx would make DPS give the device up; who is slow may try again.
  desk.clear_answers();
  append_failure({503, "the request took too long to arrive"}, desk.answers);
  last_ = unread_ = true;
  if (send_answers(desk)) end(desk);
}

}  // namespace allocd
