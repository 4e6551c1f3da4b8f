#include "policy/rendezvous.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "policy/letter_case.h"

namespace allocd {
namespace {

constexpr unsigned kFractionBits = 28;

// INVARIANT: a cost times a weight fits 64 bits, so that products can be compared.
static_assert((std::uint64_t{64} << kFractionBits) <= UINT64_MAX / Weight::kMost);

// `key` was appended already. No host name has a zero byte, so that the last one ends the key.
std::uint64_t hash_of(StableHash key, std::string_view host_name) {
  key.append('\0');
  key.append_lower(host_name);
  return key.value();
}

bool less_ignoring_case(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(lower(x)) < static_cast<unsigned char>(lower(y));
  });
}

}  // namespace

std::uint64_t rendezvous_hash(std::string_view key, std::string_view host_name) {
  StableHash hash;
  hash.append(key);
  return hash_of(hash, host_name);
}

std::uint64_t rendezvous_cost(std::uint64_t hash) {
  const std::uint64_t odd = hash | 1U;  // not zero
  const unsigned leading = static_cast<unsigned>(std::countl_zero(odd));
  std::uint64_t logarithm = 63 - leading;
  // The first 32 bits, as a number from 1 to 2 with 31 bits behind the point. Squaring it doubles
  // its logarithm, whose next bit then stands before the point.
  std::uint64_t mantissa = (odd << leading) >> 32U;
  for (unsigned i = 0; i < kFractionBits; ++i) {
    const std::uint64_t square = mantissa * mantissa;
    const std::uint64_t bit = square >> 63U;
    mantissa = square >> (31U + bit);
    logarithm = logarithm << 1U | bit;
  }
  return (std::uint64_t{64} << kFractionBits) - logarithm;
}

std::optional<Weight> Weight::of(double number) {
  if (number == 0) return Weight{0};
  if (!(number >= 0.001 && number <= 1'000'000)) return std::nullopt;
  return Weight{static_cast<std::uint64_t>(std::llround(number * 1000))};
}

bool Rendezvous::is_better(const Offer& a, const Offer& b) {
  const std::uint64_t left = a.cost * b.weight;
  const std::uint64_t right = b.cost * a.weight;
  if (left != right) return left < right;
  if (a.hash != b.hash) return a.hash > b.hash;
  return less_ignoring_case(a.host_name, b.host_name);
}

void Rendezvous::offer(std::string_view host_name, Weight weight) {
  if (weight.thousandths == 0) return;
  const std::uint64_t hash = hash_of(key_, host_name);
  const Offer offer{host_name, hash, rendezvous_cost(hash), weight.thousandths};
  if (!best_ || is_better(offer, *best_)) best_ = offer;
}

std::optional<std::string_view> Rendezvous::winner() const {
  if (!best_) return std::nullopt;
  return best_->host_name;
}

}  // namespace allocd
