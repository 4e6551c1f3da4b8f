// Sets of valid registration IDs: what operators on `registrationId` accept, and whether one set
// has an ID that others do not have.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analysis/id_automaton.h"
#include "policy/matcher.h"

namespace allocd {

// What one operator asks of an ID, or that it must not hold.
struct IdCondition {
  std::shared_ptr<IdAutomaton> automaton;
  bool negated = false;
  std::size_t number = 0;  // of the automaton, in a ReachabilityCache
};

// The IDs for which all conditions hold.
using IdSet = std::vector<IdCondition>;

// The IDs that hold an operator (never `not`), or why that cannot be told.
std::variant<IdAutomaton, NotAnalysed> ids_of(const CompiledOperator& op);

// Just this ID, letter for letter.
IdAutomaton just_this_id(std::string_view id);

enum class Membership { No, Yes, Unknown };

// `id` is a valid one.
Membership holds(const IdSet& set, std::string_view id);

struct ShortestId {
  enum class Result { Found, None, TooLarge, TimeIsUp } result = Result::None;
  std::string id;
};

// The shortest valid ID of `set` that is in none of `others`; of those, one of small letters where
// there is one. None is a proof that there is none. Asks every now and then whether it may go on.
ShortestId shortest_id(
    const IdSet& set, const std::vector<const IdSet*>& others,
    const std::function<bool()>& time_is_up = [] { return false; });

}  // namespace allocd
