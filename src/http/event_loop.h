// One thread's connections: each gets its turn when it has something to do, and its end when it
// waited too long. Idle and slow ones cost memory only.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>

#include "http/connection.h"
#include "http/occupancy.h"
#include "http/pulse.h"
#include "http/server.h"

namespace allocd {

class EventLoop {
 public:
  // Throws std::system_error where the machine has no descriptors left. What it is given must
  // outlive it; `tls` may be null. It is the loop `index` of `occupancy`.
  EventLoop(const HttpLimits& limits, const HttpHandler& handler, const TlsContext* tls,
            const std::atomic<bool>& stopping, Occupancy& occupancy, std::size_t index);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Serves until finish(), then ends connections that stay idle, completes the others and returns.
  // To be called once. Once `stopping`, an answer is the last on its connection.
  void run();

  // These are for any thread.

  // Takes over an accepted, non-blocking socket, to serve or to refuse it. Who is to be served has
  // its place in the occupancy.
  void adopt(int fd, Connection::Welcome welcome);
  // Looks whether it owes the occupancy one: then that which has been idle for longest ends, as
  // soon as there is an idle one.
  void make_room() { wake(); }
  // The one that has been idle for longest, if any, ends in any case.
  void free_descriptor();
  // Nobody will be brought any more; whoever is not done at `by` is cut off.
  void finish(std::chrono::steady_clock::time_point by);
  // Asks for a beat of pulse(), once in each round and once at the end.
  std::uint64_t ask_for_beat();
  Pulse& pulse() { return pulse_; }
  std::size_t refused() const { return refused_; }
  // How many wait for nothing but their next request, or are about to.
  std::size_t idle() const { return desk_.idle + to_arrive_; }
  const AnswerCounts& answered() const { return desk_.answered; }

 private:
  using Clock = Connection::Clock;
  using Phase = Connection::Phase;

  std::list<Connection>& of(Phase phase) { return by_phase_[static_cast<std::size_t>(phase)]; }
  void wake();
  Clock::duration patience(Phase phase) const;
  int millis_to_next_deadline();
  void take_turn(Connection& connection, std::uint32_t events);
  void welcome(Connection& connection);
  void file(Connection& connection, Phase old, Clock::time_point old_since);
  bool is_silent(Connection& idle);
  void end_late_one(Connection& idle);
  void turn_away(Connection& idle);
  void make_rooms();
  void end_late_ones();
  void begin_to_finish();
  bool is_ending() const { return end_ != Clock::time_point::max(); }
  bool is_done();

  Desk desk_;
  const TlsContext* tls_;
  int epoll_ = -1;
  int wake_ = -1;
  // INVARIANT: each list is in the order of since(). As a phase has one patience, who is in front
  // ends first, and no other structure of timers is needed.
  std::array<std::list<Connection>, 5> by_phase_;
  Clock::time_point end_ = Clock::time_point::max();  // known once finishing
  Clock::time_point finish_by_;                       // set before `finishing_` is
  std::atomic<bool> finishing_ = false;
  Pulse pulse_;
  std::mutex arriving_mutex_;
  std::list<Connection> arriving_;  // adopted, their first turn to come
  Occupancy& occupancy_;
  const std::size_t index_;
  std::atomic<std::size_t> refused_ = 0;
  std::atomic<std::size_t> to_arrive_ = 0;
  std::atomic<std::size_t> to_free_ = 0;
};

}  // namespace allocd
