// What a rule asks of other fields than the registration ID, and which of two such demands makes
// sure of the other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/matcher.h"

namespace allocd {

// One operator that a field holds, or must not hold. Valid as long as the rule is.
struct FieldDemand {
  const std::string* field = nullptr;  // as written
  std::size_t slot = 0;
  const CompiledOperator* op = nullptr;  // never `not`
  bool negated = false;

  bool holds(const Value& value) const { return op->holds(value, nullptr) != negated; }
};

// Whether every request that meets all of `given` meets `wanted`, as far as that is seen by looking
// at the field's own demands. False is no proof of anything.
bool implies(const std::vector<FieldDemand>& given, const FieldDemand& wanted);

}  // namespace allocd
