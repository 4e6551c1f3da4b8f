// Takes new connections off a listening socket and hands them to the event loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "http/event_loop.h"
#include "http/server.h"

namespace allocd {

// Has a thread of its own, so that no handler keeps anyone from coming in and what a server
// takes is decided in one place.
class Acceptor {
 public:
  // `listener` is non-blocking and stays the caller's; it is never shut down, as others may hold
  // it. Throws std::system_error.
  Acceptor(int listener, const HttpLimits& limits, const std::atomic<bool>& stopping,
           const std::vector<std::unique_ptr<EventLoop>>& loops);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Until `stopping`; who had come by then is taken in. To be called once.
  void run();
  // Looks at `stopping`. For any thread.
  void wake();

 private:
  bool accept_one();
  bool make_room();

  const int listener_;
  const HttpLimits& limits_;
  const std::atomic<bool>& stopping_;
  const std::vector<std::unique_ptr<EventLoop>>& loops_;
  int wake_;
};

}  // namespace allocd
