#include "http/connection.h"

#include <optional>
#include <utility>
#include <variant>

namespace allocd {

namespace {

// Sent before more pipelined requests are answered.
constexpr std::size_t kMaxAnswers = 262144;
constexpr std::size_t kMaxSpareBody = 8192;
constexpr std::size_t kMaxDiscarded = 8 << 20;
// Of one connection, before the others get their turn.
constexpr int kReceivesPerTurn = 4;
constexpr int kRequestsPerTurn = 16;

const WireFailure kTooMany{503, "too many connections"};

}  // namespace

void Desk::clear_answers() {
  // One large answer is no reason to keep its size for good.
  if (answers.capacity() > 4 * kMaxAnswers) answers = std::string();
  answers.clear();
}

void Desk::give(HttpResponse response, Ending ending, bool head_only) {
  answered.count(response.status);
  append_answer(std::move(response), date.now(), ending, head_only, answers);
}

void Desk::give(const WireFailure& failure) {
  answered.count(failure.status);
  append_failure(failure, date.now(), answers);
}

void Desk::keep_room_of(std::string body) {
  if (body.capacity() > kMaxSpareBody || body.capacity() < spare_body.capacity()) return;
  spare_body = std::move(body);
  spare_body.clear();
}

Connection::Connection(int fd, Ssl ssl, std::size_t body_bytes, Welcome welcome)
    : channel_(fd, std::move(ssl)), welcome_(welcome), since_(Clock::now()), framer_(body_bytes) {}

void Connection::close_now() {
  channel_.close();
  phase_ = Phase::Closed;
}

void Connection::wait_for(Phase phase, Desk& desk) {
  phase_ = phase;
  since_ = desk.now;
}

// Who is refused has no time to lose with its handshake, and is never one of the idle ones that
// could make room.
void Connection::arrive(Desk& desk) { wait_for(is_refused() ? Phase::Request : Phase::Idle, desk); }

void Connection::take_turn(std::uint32_t events, Desk& desk) {
  channel_.notice(events);
  desk.clear_answers();
  if (is_refused() && channel_.is_open() && !last_) refuse(desk);
  if (phase_ == Phase::Write && !send_rest(desk)) return;
  desk.requests_left = kRequestsPerTurn;
  for (int i = 0; i < kReceivesPerTurn && wants_another_turn() && desk.requests_left > 0; ++i) {
    if (phase_ == Phase::Linger) {
      discard(desk);
    } else if (!input_.empty()) {
      answer(std::exchange(input_, std::string()), desk);
    } else {
      receive(desk);
    }
  }
}

void Connection::refuse(Desk& desk) {
  desk.give(kTooMany);
  last_ = unread_ = true;
  if (send_answers(desk)) end(desk);
}

void Connection::give_way(Desk& desk) {
  if (answered_ || !channel_.is_open()) return close_now();
  welcome_ = Welcome::Refuse;
  last_ = true;
  desk.clear_answers();
  desk.give(kTooMany);
  // It was silent: with nothing unread it can close at once, and keep no descriptor.
  if (send_answers(desk)) end(desk);
}

void Connection::receive(Desk& desk) {
  const bool was_open = channel_.is_open();
  const Transfer got = channel_.receive(desk.receive_buffer);
  if (got.has_ended()) return close_now();
  if (channel_.is_open() && !was_open) {
    if (is_refused()) return refuse(desk);
    wait_for(Phase::Idle, desk);  // for as long as if it had come now
  } else if (!channel_.is_open() && channel_.has_begun() && phase_ == Phase::Idle) {
    wait_for(Phase::Request, desk);
  }
  if (got.is_some()) answer(std::string_view(desk.receive_buffer).substr(0, got.bytes), desk);
}

// Frames and answers `input`, in order. What comes after an answer that does not get through, or
// is more than its turn allows, is kept for later.
void Connection::answer(std::string_view input, Desk& desk) {
  const bool was_idle = phase_ == Phase::Idle;
  bool answered = false;
  while (!last_ && !input.empty() && desk.requests_left > 0) {
    if (!framer_.has_started()) framer_.lend(desk.spare_body);
    auto read = framer_.read(input);
    if (auto* wire = std::get_if<WireRequest>(&read)) {
      answered = true;
      --desk.requests_left;
      answer_one(std::move(*wire), desk);
    } else if (const auto* failure = std::get_if<WireFailure>(&read)) {
      desk.give(*failure);
      last_ = unread_ = true;
    } else if (framer_.take_expectation()) {
      desk.answers += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    if (desk.answers.size() > kMaxAnswers && !send_answers(desk)) break;
  }
  if (!is_closed()) input_ = input;
  // Before the peer can know it, and act on it with another connection.
  desk.idle = desk.others_idle + (!last_ && waiting_for_next() == Phase::Idle ? 1 : 0);
  if (is_closed() || phase_ == Phase::Write || !send_answers(desk)) return;
  if (last_) {
    end(desk);
  } else if (answered || (was_idle && framer_.has_started())) {
    wait_for(waiting_for_next(), desk);
  }
}

Connection::Phase Connection::waiting_for_next() const {
  return framer_.has_started() || !input_.empty() ? Phase::Request : Phase::Idle;
}

void Connection::answer_one(WireRequest wire, Desk& desk) {
  answered_ = true;
  const bool version_1_0 = wire.head.version_1_0;
  const bool head_only = wire.head.method == "HEAD";
  bool keep_alive = wire.head.keep_alive;
  auto request = desk.translator.translate(std::move(wire));
  if (!request) {
    desk.give(WireFailure{400, "unknown method"});
    last_ = unread_ = true;
    return;
  }
  request->client_certificates = channel_.client_certificates();
  HttpResponse response;
  try {
    response = desk.handler(*request);
  } catch (...) {
    // What the exception says is nobody's business on the other side.
    response = {500, "text/plain", "internal error", {}};
  }
  desk.keep_room_of(std::move(request->body));
  // Raised, maybe, while the handler was at it.
  keep_alive = keep_alive && !desk.stopping;
  last_ = !keep_alive;
  const Ending kept = version_1_0 ? Ending::KeepAliveSaid : Ending::KeepAlive;
  desk.give(std::move(response), keep_alive ? kept : Ending::Close, head_only);
}

// False where the socket does not take them all, or the peer is gone: phase() says which.
bool Connection::send_answers(Desk& desk) {
  std::string_view rest = desk.answers;
  while (!rest.empty()) {
    const Transfer sent = channel_.send(rest);
    if (sent.is_some()) {
      rest.remove_prefix(sent.bytes);
    } else if (sent.has_ended()) {
      close_now();
      return false;
    } else {
      output_ = rest;
      sent_ = 0;
      desk.answers.clear();
      wait_for(Phase::Write, desk);
      return false;
    }
  }
  desk.answers.clear();
  return true;
}

// The deadline stays: it is one for the whole answer.
bool Connection::send_rest(Desk& desk) {
  while (sent_ < output_.size()) {
    const Transfer sent = channel_.send(std::string_view(output_).substr(sent_));
    if (sent.has_ended()) close_now();
    if (!sent.is_some()) return false;
    sent_ += sent.bytes;
  }
  output_ = std::string();
  last_ ? end(desk) : wait_for(waiting_for_next(), desk);
  return !is_closed();
}

// Closing with bytes unread would reset the connection, and the peer could lose the answer.
void Connection::end(Desk& desk) {
  const bool unread = unread_ || !input_.empty() || channel_.may_receive();
  input_ = std::string();
  if (!unread) return close_now();
  channel_.finish_sending();
  wait_for(Phase::Linger, desk);
}

void Connection::discard(Desk& desk) {
  const Transfer got = channel_.discard(desk.receive_buffer);
  discarded_ += got.bytes;
  if (got.has_ended() || discarded_ > kMaxDiscarded) close_now();
}

void Connection::expire(Desk& desk) {
  // It has done its part, the time was ours. Now it goes on, or waits for the peer to read: no
  // event may have come that says that the socket takes more.
  if (phase_ == Phase::Request && !input_.empty()) return take_turn(0, desk);
  if (phase_ != Phase::Request || !framer_.has_head()) return close_now();
  // 4xx would make DPS give the device up; who is slow may try again.
  desk.clear_answers();
  desk.give(WireFailure{503, "the request took too long to arrive"});
  last_ = unread_ = true;
  if (send_answers(desk)) end(desk);
}

}  // namespace allocd
