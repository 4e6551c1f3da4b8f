// An ID that most likely holds what is asked of it, written down without any automaton.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/implication.h"

namespace allocd {

// A valid registration ID for which all the demands, which are on the ID, hold. Nothing where none
// comes to mind, which is no proof of anything.
std::optional<std::string> likely_id(const std::vector<FieldDemand>& on_id);

}  // namespace allocd
