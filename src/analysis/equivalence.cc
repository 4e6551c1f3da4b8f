#include "analysis/equivalence.h"

#include <algorithm>

namespace allocd {
namespace {

// Both at once.
IdCase joined(IdCase a, const IdCase& b) {
  a.ids.insert(a.ids.end(), b.ids.begin(), b.ids.end());
  a.demands.insert(a.demands.end(), b.demands.begin(), b.demands.end());
  return a;
}

}  // namespace

// The case of `rule` that accepts the ID, whatever else is in a request of the case `wanted`.
const IdCase* Equivalence::cover_of(const IdCase& wanted, const std::string& id, std::size_t rule) {
  for (const IdCase& cover : cases_.of(rule).cases) {
    if (!cover.left_out.empty()) continue;
    const bool implied =
        std::all_of(cover.demands.begin(), cover.demands.end(),
                    [&](const FieldDemand& demand) { return implies(wanted.demands, demand); });
    if (implied && holds(cover.ids, id) == Membership::Yes) return &cover;
  }
  return nullptr;
}

// Whether the rules before `before`, and `also`, accept every request of the case.
bool Equivalence::is_taken(const IdCase& wanted, std::size_t before,
                           std::optional<std::size_t> also) {
  std::vector<const IdSet*> covers;
  while (covers.size() < kMaxCovers && !time_is_up_()) {
    const ShortestId found = cache_.search(wanted.ids, covers, time_is_up_);
    if (found.result != ShortestId::Result::Found) return found.result == ShortestId::Result::None;
    const IdCase* cover = also ? cover_of(wanted, found.id, *also) : nullptr;
    for (std::size_t i = 0; i < before && cover == nullptr; ++i)
      if (takes_all(rules_[i])) cover = cover_of(wanted, found.id, i);
    if (cover == nullptr) return false;
    covers.push_back(&cover->ids);
  }
  return false;
}

bool Equivalence::never_decides(std::size_t rule) {
  const IdCases& all = cases_.of(rule);
  return all.not_analysed.empty() &&
         std::all_of(all.cases.begin(), all.cases.end(),
                     [&](const IdCase& each) { return is_taken(each, rule, std::nullopt); });
}

bool Equivalence::share_nothing(std::size_t first, std::size_t second) {
  if (!cases_.of(first).not_analysed.empty() || !cases_.of(second).not_analysed.empty())
    return false;
  for (const IdCase& a : cases_.of(first).cases)
    for (const IdCase& b : cases_.of(second).cases)
      if (!exclude_each_other(a, b) && !is_taken(joined(a, b), first, std::nullopt)) return false;
  return true;
}

bool Equivalence::accepts_no_more(std::size_t wider, std::size_t rule) {
  const IdCases& all = cases_.of(wider);
  return all.not_analysed.empty() &&
         std::all_of(all.cases.begin(), all.cases.end(),
                     [&](const IdCase& each) { return is_taken(each, rule, rule); });
}

}  // namespace allocd
