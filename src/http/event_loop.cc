#include "http/event_loop.h"

#include <cerrno>
#include <exception>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace allocd {

namespace {

using Phase = Connection::Phase;

constexpr Phase kWaiting[] = {Phase::Idle, Phase::Request, Phase::Write, Phase::Linger};
// Told once for each change, so that no request costs a call to say what is waited for.
constexpr std::uint32_t kInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr int kEventsPerTurn = 256;
constexpr std::chrono::seconds kLinger{1};
constexpr std::chrono::milliseconds kLastWords{500};
// At the end: who came, or was answered, so short a time ago may be about to speak, and hears then
// that its connection ends.
constexpr std::chrono::milliseconds kLastChance{200};

int or_throw(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

void watch(int epoll, int operation, int fd, std::uint32_t interest, void* whose) {
  epoll_event event{};
  event.events = interest;
  event.data.ptr = whose;
  or_throw(epoll_ctl(epoll, operation, fd, &event), "epoll_ctl");
}

}  // namespace

EventLoop::EventLoop(const HttpLimits& limits, const HttpHandler& handler, const TlsContext* tls,
                     const std::atomic<bool>& stopping, Occupancy& occupancy, std::size_t index)
    : desk_{.limits = limits, .handler = handler, .stopping = stopping},
      tls_(tls),
      epoll_(or_throw(epoll_create1(EPOLL_CLOEXEC), "epoll")),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      occupancy_(occupancy),
      index_(index) {
  try {
    or_throw(wake_, "eventfd");
    watch(epoll_, EPOLL_CTL_ADD, wake_, EPOLLIN | EPOLLET, nullptr);
  } catch (...) {
    close(epoll_);
    if (wake_ >= 0) close(wake_);
    throw;
  }
}

EventLoop::~EventLoop() {
  close(wake_);
  close(epoll_);
}

void EventLoop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void EventLoop::finish(Clock::time_point by) {
  finish_by_ = by;
  finishing_ = true;
  wake();
}

std::uint64_t EventLoop::ask_for_beat() {
  const std::uint64_t asked = pulse_.ask();
  wake();
  return asked;
}

void EventLoop::adopt(int fd, Connection::Welcome welcome) {
  const bool refused = welcome == Connection::Welcome::Refuse;
  std::list<Connection> one;
  Ssl ssl = tls_ != nullptr ? tls_->new_session() : nullptr;
  Connection& connection = one.emplace_back(fd, std::move(ssl), desk_.limits.body_bytes, welcome);
  connection.place = one.begin();
  {
    const std::lock_guard lock(arriving_mutex_);
    arriving_.splice(arriving_.end(), one);
  }
  if (refused) {
    ++refused_;
  } else {
    ++to_arrive_;
  }
  try {
    // A new socket can be written to, so the loop hears of it at once. From here on it is the
    // loop's.
    watch(epoll_, EPOLL_CTL_ADD, fd, kInterest, &connection);
  } catch (const std::system_error&) {
    if (refused) {
      --refused_;
    } else {
      --to_arrive_;
      occupancy_.leave(index_);
    }
    const std::lock_guard lock(arriving_mutex_);
    arriving_.erase(connection.place);
  }
}

void EventLoop::free_descriptor() {
  ++to_free_;
  wake();
}

EventLoop::Clock::duration EventLoop::patience(Phase phase) const {
  if (phase == Phase::Idle && is_ending()) return kLastChance;
  if (phase == Phase::Idle) return std::chrono::seconds(desk_.limits.idle_seconds);
  if (phase == Phase::Linger) return kLinger;
  return std::chrono::seconds(desk_.limits.request_seconds);
}

int EventLoop::millis_to_next_deadline() {
  auto next = end_;
  for (const Phase phase : kWaiting)
    if (!of(phase).empty()) next = std::min(next, of(phase).front().since() + patience(phase));
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void EventLoop::run() {
  epoll_event events[kEventsPerTurn];
  while (!is_done()) {
    const int count = epoll_wait(epoll_, events, kEventsPerTurn, millis_to_next_deadline());
    desk_.now = Clock::now();
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection != nullptr) take_turn(*connection, events[i].events);
    }
    end_late_ones();
    make_rooms();
    if (finishing_ && !is_ending()) begin_to_finish();
    // Not before: an event of this round may have been one of theirs.
    of(Phase::Closed).clear();
    pulse_.beat();
  }
  pulse_.end();
}

void EventLoop::take_turn(Connection& connection, std::uint32_t events) {
  if (connection.phase() == Phase::Closed) return;
  if (!connection.has_arrived) welcome(connection);
  const Phase old = connection.phase();
  const Clock::time_point since = connection.since();
  desk_.others_idle = of(Phase::Idle).size() - (old == Phase::Idle ? 1 : 0);
  try {
    connection.take_turn(events, desk_);
    // Said again, it comes back after all others that have something.
    if (connection.wants_another_turn())
      watch(epoll_, EPOLL_CTL_MOD, connection.fd(), kInterest, &connection);
  } catch (const std::exception&) {
    connection.close_now();  // out of memory: this one ends, the others go on
  }
  file(connection, old, since);
}

void EventLoop::welcome(Connection& connection) {
  connection.arrive(desk_);
  connection.has_arrived = true;
  {
    std::list<Connection>& waiting = of(connection.phase());
    const std::lock_guard lock(arriving_mutex_);
    waiting.splice(waiting.end(), arriving_, connection.place);
  }
  desk_.idle = of(Phase::Idle).size();
  if (!connection.is_refused()) --to_arrive_;
}

void EventLoop::file(Connection& connection, Phase old, Clock::time_point old_since) {
  const Phase phase = connection.phase();
  if (phase == old && connection.since() == old_since) return;
  of(phase).splice(of(phase).end(), of(old), connection.place);
  desk_.idle = of(Phase::Idle).size();
  if (phase != Phase::Closed) return;
  if (connection.is_refused())
    --refused_;
  else
    occupancy_.leave(index_);
}

// It may have spoken, or ended, just now: then it is heard, rather than cut off.
bool EventLoop::is_silent(Connection& idle) {
  const Clock::time_point since = idle.since();
  take_turn(idle, EPOLLIN);
  return idle.phase() == Phase::Idle && idle.since() == since;
}

void EventLoop::end_late_one(Connection& idle) {
  if (!is_silent(idle)) return;
  const Clock::time_point since = idle.since();
  idle.close_now();
  file(idle, Phase::Idle, since);
}

void EventLoop::turn_away(Connection& idle) {
  if (!is_silent(idle)) return;
  const Clock::time_point since = idle.since();
  idle.give_way(desk_);
  if (idle.is_refused()) {  // now, and one of those until it closes
    ++refused_;
    occupancy_.leave(index_);
  }
  file(idle, Phase::Idle, since);
}

void EventLoop::make_rooms() {
  std::list<Connection>& idle = of(Phase::Idle);
  for (std::size_t wanted = to_free_.exchange(0); wanted > 0 && !idle.empty(); --wanted)
    turn_away(idle.front());
  for (std::size_t tries = idle.size(); tries > 0 && !idle.empty() && occupancy_.owes(index_);
       --tries)
    turn_away(idle.front());
}

void EventLoop::end_late_ones() {
  const bool all = desk_.now >= end_;
  for (const Phase phase : kWaiting) {
    std::list<Connection>& waiting = of(phase);
    while (!waiting.empty()) {
      Connection& first = waiting.front();
      const Clock::time_point since = first.since();
      if (!all && since + patience(phase) > desk_.now) break;
      if (all) {
        first.close_now();
      } else if (phase == Phase::Idle) {
        end_late_one(first);
        continue;
      } else {
        first.expire(desk_);
      }
      file(first, phase, since);
    }
  }
}

void EventLoop::begin_to_finish() {
  end_ = std::min(desk_.now + std::chrono::seconds(desk_.limits.request_seconds) + kLastWords,
                  finish_by_);
  while (true) {
    Connection* next = nullptr;
    {
      const std::lock_guard lock(arriving_mutex_);
      if (!arriving_.empty()) next = &arriving_.front();
    }
    if (next == nullptr) break;
    welcome(*next);
  }
}

bool EventLoop::is_done() {
  if (!is_ending()) return false;
  return std::all_of(std::begin(kWaiting), std::end(kWaiting),
                     [this](Phase phase) { return of(phase).empty(); });
}

}  // namespace allocd
