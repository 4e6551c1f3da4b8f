#include "http/occupancy.h"

#include <algorithm>

namespace allocd {

std::optional<Occupancy::Place> Occupancy::enter(
    const std::function<std::size_t(std::size_t)>& idle) {
  const std::lock_guard lock(mutex_);
  Place place{};
  if (served_ >= limit_) {
    std::size_t most = 0;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      const std::size_t idle_here = idle(i);
      if (idle_here <= most + loops_[i].owes) continue;
      most = idle_here - loops_[i].owes;
      place.owing = i;
    }
    if (!place.owing) return std::nullopt;
    ++loops_[*place.owing].owes;
  }
  const auto emptiest = std::min_element(
      loops_.begin(), loops_.end(),
      [](const Loop& a, const Loop& b) { return a.serves + b.owes < b.serves + a.owes; });
  ++emptiest->serves;
  ++served_;
  place.loop = static_cast<std::size_t>(emptiest - loops_.begin());
  return place;
}

void Occupancy::leave(std::size_t loop) {
  const std::lock_guard lock(mutex_);
  --loops_[loop].serves;
  if (served_-- <= limit_) return;
  Loop& debtor =
      loops_[loop].owes > 0
          ? loops_[loop]
          : *std::max_element(loops_.begin(), loops_.end(),
                              [](const Loop& a, const Loop& b) { return a.owes < b.owes; });
  --debtor.owes;
}

bool Occupancy::owes(std::size_t loop) const {
  const std::lock_guard lock(mutex_);
  return loops_[loop].owes > 0;
}

std::size_t Occupancy::count() const {
  const std::lock_guard lock(mutex_);
  return std::min(served_, limit_);
}

}  // namespace allocd
