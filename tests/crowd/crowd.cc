#include "crowd/crowd.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace allocd::test {

namespace {

using Clock = std::chrono::steady_clock;

// Each of the slow ones says a byte so often.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::string_view kSlowBodyHead =
    "POST /allocate HTTP/1.1\r\nHost: crowd\r\nContent-Length: 100000\r\n\r\n";
constexpr std::string_view kSlowHead = "POST /allocate HTTP/1.1\r\nHost: crowd\r\nX-Slow: ";

sockaddr_in place(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &out.sin_addr);
  return out;
}

void set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

Crowd::Crowd(const std::string& address, const Sizes& sizes, std::string request)
    : where_(place(address)), request_(std::move(request)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  const std::pair<Kind, std::size_t> kinds[] = {{Kind::Idle, sizes.idle},
                                                {Kind::SlowHead, sizes.slow_heads},
                                                {Kind::SlowBody, sizes.slow_bodies},
                                                {Kind::Deaf, sizes.deaf}};
  for (const auto& [kind, count] : kinds)
    members_.insert(members_.end(), count, Member{.kind = kind});
  thread_ = std::thread([this] { run(); });
}

Crowd::~Crowd() {
  done_ = true;
  thread_.join();
  for (Member& member : members_)
    if (member.fd >= 0) close(member.fd);
  close(epoll_);
}

Crowd::Ends Crowd::ends() const {
  return {ended_[0], ended_[1], ended_[2], ended_[3], told_503_, shouted_ / request_.size()};
}

void Crowd::run() {
  for (Member& member : members_) come(member);
  auto next = Clock::now() + kPause;
  epoll_event events[256];
  while (!done_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    const int count = epoll_wait(epoll_, events, 256, left > 0 ? static_cast<int>(left) : 0);
    for (int i = 0; i < count; ++i) {
      Member& member = *static_cast<Member*>(events[i].data.ptr);
      if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0) {
        leave(member);
      } else if (member.kind == Kind::Deaf) {
        shout(member);
      } else {
        listen(member);
      }
    }
    if (Clock::now() < next) continue;
    next = Clock::now() + kPause;
    speak_slowly();
  }
}

void Crowd::come(Member& member) {
  member.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  member.sent = 0;
  member.heard.clear();
  if (member.fd < 0) return;
  if (member.kind == Kind::Deaf) {
    // On a narrow line it takes some dozens of answers, not thousands, until no more get through.
    set(member.fd, SOL_SOCKET, SO_RCVBUF, 1);
    set(member.fd, IPPROTO_TCP, TCP_MAXSEG, 536);
  }
  const auto* name = reinterpret_cast<const sockaddr*>(&where_);
  if (connect(member.fd, name, sizeof where_) != 0 && errno != EINPROGRESS) {
    close(std::exchange(member.fd, -1));  // tried again when the slow ones speak
    return;
  }
  epoll_event event{};
  event.events = member.kind == Kind::Deaf ? EPOLLOUT : EPOLLIN;
  event.data.ptr = &member;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, member.fd, &event);
}

// The server has closed.
void Crowd::leave(Member& member) {
  ++ended_[static_cast<int>(member.kind)];
  if (member.kind == Kind::SlowBody && member.heard.starts_with("HTTP/1.1 503")) ++told_503_;
  close(std::exchange(member.fd, -1));
  if (member.kind != Kind::Idle) come(member);
}

void Crowd::listen(Member& member) {
  char buffer[1024];
  while (true) {
    const ssize_t got = recv(member.fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return leave(member);
    member.heard.append(buffer, static_cast<std::size_t>(got));
  }
}

void Crowd::speak_slowly() {
  for (Member& member : members_) {
    if (member.fd < 0 && member.kind != Kind::Idle) {
      come(member);
    } else if (member.fd >= 0 && (member.kind == Kind::SlowHead || member.kind == Kind::SlowBody)) {
      speak(member);
    }
  }
}

void Crowd::speak(Member& member) {
  const std::string_view first = member.kind == Kind::SlowHead ? kSlowHead : kSlowBodyHead;
  const std::string_view bytes = member.sent == 0 ? first : "x";
  const ssize_t sent = send(member.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent > 0) member.sent += static_cast<std::size_t>(sent);
}

// Once for each time that there is room: the others have their turns, too.
void Crowd::shout(Member& member) {
  const std::string_view rest = std::string_view(request_).substr(member.sent);
  const ssize_t sent = send(member.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent <= 0) return;  // an end is told by itself
  shouted_ += static_cast<std::size_t>(sent);
  member.sent = (member.sent + static_cast<std::size_t>(sent)) % request_.size();
}

}  // namespace allocd::test
