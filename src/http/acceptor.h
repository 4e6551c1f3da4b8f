// Takes new connections off a listening socket and hands them to the event loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/event_loop.h"
#include "http/occupancy.h"
#include "http/pulse.h"
#include "http/server.h"

namespace allocd {

// Has a thread of its own, so that no handler keeps anyone from coming in and what a server
// takes is decided in one place.
class Acceptor {
 public:
  // `listener` is non-blocking and stays the caller's; it is never shut down, as others may hold
  // it; `is_shared` where others do. Throws std::system_error.
  Acceptor(int listener, bool is_shared, const HttpLimits& limits,
           const std::atomic<bool>& stopping, Occupancy& occupancy,
           const std::vector<std::unique_ptr<EventLoop>>& loops);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Until `stopping`. Who had come by then is taken in, unless somebody else goes on with the
  // socket. To be called once.
  void run();

  // These are for any thread.

  // Looks at `stopping`.
  void wake();
  // Asks for a beat of pulse(), once in each round and once at the end.
  std::uint64_t ask_for_beat();
  Pulse& pulse() { return pulse_; }

 private:
  bool accept_one();
  // False where it cannot be: it is the caller's then.
  bool refuse(int fd);
  void free_descriptor();

  const int listener_;
  const bool is_shared_;
  const HttpLimits& limits_;
  const std::atomic<bool>& stopping_;
  Occupancy& occupancy_;
  const std::vector<std::unique_ptr<EventLoop>>& loops_;
  int wake_;
  Pulse pulse_;
};

}  // namespace allocd
