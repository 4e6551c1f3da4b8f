// The limit of connections, over all loops of a server: who may come in, and whose loop must end an
// idle one for that.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace allocd {

// For any thread. Each call decides on numbers that belong together.
class Occupancy {
 public:
  Occupancy(std::size_t limit, std::size_t loops) : limit_(limit), loops_(loops) {}

  struct Place {
    std::size_t loop;                  // that takes the newcomer
    std::optional<std::size_t> owing;  // the one that is to end a connection now
  };
  // Counts a newcomer in; nothing where the limit is reached and no loop has one to end. `idle`
  // says of a loop how many of its connections wait for nothing but their next request.
  std::optional<Place> enter(const std::function<std::size_t(std::size_t)>& idle);
  // A connection of `loop` has gone, and with it what some loop owed.
  void leave(std::size_t loop);
  // Whether `loop` is still to end one.
  bool owes(std::size_t loop) const;
  // Those that are to end not counted, as newcomers have their places.
  std::size_t count() const;

 private:
  struct Loop {
    std::size_t serves = 0;
    std::size_t owes = 0;
  };

  const std::size_t limit_;
  mutable std::mutex mutex_;
  // INVARIANT: what the loops owe together is what they serve together beyond the limit.
  std::vector<Loop> loops_;
  std::size_t served_ = 0;
};

}  // namespace allocd
