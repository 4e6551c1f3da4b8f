// Which rules of two sets match the same requests, as far as that is seen by looking at them.
#pragma once

#include <cstddef>
#include <vector>

#include "policy/rule_set.h"

namespace allocd {

// For each rule of `from` its partner in `to`, or kNoPartner. Partners take the same requests, and
// stand in the same order in both sets, so that a request decided by one of them is, in the other
// set, decided by its partner or by an earlier rule that has none.
std::vector<std::size_t> align_rules(const RuleSet& from, const RuleSet& to);

constexpr std::size_t kNoPartner = static_cast<std::size_t>(-1);

// Whether both say the same of every request, provably: nothing in them has to be filled in.
bool are_same_outcome(const Rule& a, const Rule& b);

}  // namespace allocd
