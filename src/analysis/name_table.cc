#include "analysis/name_table.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "policy/letter_case.h"
#include "policy/stable_hash.h"

namespace allocd {
namespace {

constexpr std::size_t kFirstPlaces = 64;
constexpr std::size_t kBlockBytes = std::size_t{1} << 16U;

std::uint64_t hash_of(std::string_view name) {
  StableHash hash;
  hash.append_lower(name);
  return hash.value();
}

}  // namespace

std::uint32_t NameTable::number_of(std::string_view name) {
  if (2 * (entries_.size() + 1) > places_.size()) grow();
  const std::uint64_t hash = hash_of(name);
  std::uint32_t& place = place_of(name, hash);
  if (place == kEmpty) {
    if (entries_.size() == kEmpty) throw std::length_error("more names than can be counted");
    place = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({keep(name), hash});
  }
  return place;
}

std::uint32_t& NameTable::place_of(std::string_view name, std::uint64_t hash) {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    std::uint32_t& place = places_[at];
    if (place == kEmpty) return place;
    const Entry& entry = entries_[place];
    if (entry.hash == hash && equal_ignoring_case(entry.name, name)) return place;
  }
}

std::string_view NameTable::keep(std::string_view name) {
  if (name.empty()) return {};
  if (name.size() > left_) {
    left_ = std::max(kBlockBytes, name.size());
    blocks_.push_back(std::make_unique<char[]>(left_));
    free_ = blocks_.back().get();
  }
  char* const begin = free_;
  std::memcpy(begin, name.data(), name.size());
  free_ += name.size();
  left_ -= name.size();
  return {begin, name.size()};
}

void NameTable::grow() {
  places_.assign(std::max(kFirstPlaces, 2 * places_.size()), kEmpty);
  const std::size_t mask = places_.size() - 1;
  for (std::uint32_t number = 0; number < entries_.size(); ++number) {
    std::size_t at = entries_[number].hash & mask;
    while (places_[at] != kEmpty) at = (at + 1) & mask;
    places_[at] = number;
  }
}

}  // namespace allocd
