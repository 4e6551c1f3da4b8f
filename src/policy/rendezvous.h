// Weighted rendezvous hashing: which hub a key gets, out of those on offer. Adding a hub moves its
// own share to it and nothing else; the order of the offers does not matter, and everybody who
// computes it gets the same. Integers only, so that no rounding differs between machines.
// After Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/stable_hash.h"

namespace allocd {

// The hash of a key and a host name, whose letter case does not count.
std::uint64_t rendezvous_hash(std::string_view key, std::string_view host_name);

// 64 - log2(hash) in units of 2^-28: from 1, for the greatest hash, to 2^34. A greater hash never
// costs more.
std::uint64_t rendezvous_cost(std::uint64_t hash);

// What a hub weighs, in thousandths.
struct Weight {
  static constexpr std::uint64_t kOne = 1000;
  static constexpr std::uint64_t kMost = 1'000'000 * kOne;

  // Rounded to thousandths. Nothing for what is no weight: 0, or 0.001 to 1,000,000.
  static std::optional<Weight> of(double number);

  std::uint64_t thousandths = kOne;
};

// The hub on offer whose cost divided by its weight is least. Of two that are equal, the greater
// hash wins, then the name that is less in bytes, lower-cased.
class Rendezvous {
 public:
  explicit Rendezvous(std::string_view key) { key_.append(key); }

  // A hub that weighs nothing never wins. Of the same name twice, the first stays.
  void offer(std::string_view host_name, Weight weight);

  // Nothing where nothing that weighs something was on offer.
  std::optional<std::string_view> winner() const;

 private:
  struct Offer {
    std::string_view host_name;
    std::uint64_t hash = 0;
    std::uint64_t cost = 0;
    std::uint64_t weight = 0;
  };
  static bool is_better(const Offer& a, const Offer& b);

  StableHash key_;
  std::optional<Offer> best_;
};

}  // namespace allocd
