#include "daemon/recent_requests.h"

#include <iterator>
#include <utility>

#include "policy/letter_case.h"
#include "webhook/raw_member.h"

namespace allocd {
namespace {

// The nodes of the list and the map, and what an allocation costs.
constexpr std::size_t kEntryBytes = 256;

// Those without linked hubs are refused before any rule is asked.
bool is_whole_request(const DecisionEvent& event) {
  return event.answer.registration_id && (event.answer.decision.rule != nullptr ||
                                          raw_member(event.body, "linkedHubs").has_value());
}

}  // namespace

void RecentRequests::add(const DecisionEvent& event) {
  if (!is_whole_request(event)) return;
  Entries fresh;
  fresh.push_back({lower(*event.answer.registration_id), nullptr});
  if (event.body.size() <= kMaxBodyBytes)
    fresh.front().body = std::make_shared<const std::string>(event.body);

  const std::lock_guard lock(mutex_);
  if (const auto known = by_id_.find(fresh.front().id); known != by_id_.end())
    remove(known->second);
  entries_.splice(entries_.begin(), fresh);
  by_id_.emplace(entries_.front().id, entries_.begin());
  bytes_ += bytes_of(entries_.front());
  while (entries_.size() > max_devices_ || bytes_ > max_bytes_) remove(std::prev(entries_.end()));
}

RecentBodies RecentRequests::snapshot() const {
  RecentBodies out;
  const std::lock_guard lock(mutex_);
  out.bodies.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (entry.body != nullptr) {
      out.bodies.push_back(entry.body);
    } else {
      ++out.too_large;
    }
  }
  return out;
}

std::size_t RecentRequests::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t RecentRequests::bytes_of(const Entry& entry) {
  return kEntryBytes + entry.id.size() + (entry.body != nullptr ? entry.body->size() : 0);
}

void RecentRequests::remove(Entries::iterator entry) {
  bytes_ -= bytes_of(*entry);
  by_id_.erase(entry->id);
  entries_.erase(entry);
}

}  // namespace allocd
