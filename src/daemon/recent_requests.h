// The last request of each of the devices that were seen last: what a new rule set is tried on.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/decision_event.h"

namespace allocd {

// As received: what is redacted is in them. One a device, the device seen last in front.
struct RecentBodies {
  std::vector<std::shared_ptr<const std::string>> bodies;
  std::size_t too_large = 0;  // devices whose last request was too large to be kept
};

// Letter case of registration IDs makes no difference. Bounded by devices and by bytes, whatever
// comes in; the device seen least recently goes first.
class RecentRequests {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
  static constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 10U;

  explicit RecentRequests(std::size_t max_devices, std::size_t max_bytes = kMaxBytes)
      : max_devices_(max_devices), max_bytes_(max_bytes) {}

  // Passes over what is no whole request: malformed, without a registration ID or linked hubs.
  // From any thread; the order of the calls is the order of the requests.
  void add(const DecisionEvent& event);

  // From any thread. Copies no body.
  RecentBodies snapshot() const;

  // What is kept now, with what keeping it takes, more or less.
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string id;                           // in small letters
    std::shared_ptr<const std::string> body;  // null: too large
  };
  using Entries = std::list<Entry>;

  static std::size_t bytes_of(const Entry& entry);
  void remove(Entries::iterator entry);

  const std::size_t max_devices_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;  // for all below
  Entries entries_;           // the one seen last in front
  std::unordered_map<std::string_view, Entries::iterator> by_id_;
  std::size_t bytes_ = 0;
};

}  // namespace allocd
