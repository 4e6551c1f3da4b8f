// The literal texts that a pattern needs: what must stand in a text for the pattern to match it.
#pragma once

#include <string>
#include <vector>

#include "policy/pattern_syntax.h"

namespace allocd {

// A text that the pattern matches has at least one of `texts`, letters folded.
struct Literals {
  enum class Place { Whole, Start, End, Anywhere };
  Place place = Place::Anywhere;   // where in the text it stands
  std::vector<std::string> texts;  // sorted, different, none empty
};

// Each of what comes back is needed. `whole`: the pattern is held against a whole text, and not
// looked for in it.
std::vector<Literals> needed_literals(const PatternNode& pattern, bool whole);

}  // namespace allocd
