// Asks for the memory that a rule reads before it is read. With many rules, that of most is in no
// cache, and what a rule is made of lies in many places: fetched one by one as deciding comes to
// them, they would take longer than all else that deciding does.
#pragma once

#include <cstddef>
#include <vector>

#include "policy/memory_lines.h"

namespace allocd {

struct Rule;

// Immutable, safe to share between threads. Of use as long as the rules stay where they are, and
// harmless when they have gone: nothing is read.
class ReadAhead {
 public:
  explicit ReadAhead(const std::vector<Rule>& rules);

  // Of a rule by its place. Returns at once; what few rules read stays in caches anyway.
  void fetch(std::size_t rule) const {
    if (rule < lines_.size()) lines_[rule].fetch();
  }
  // What it holds in memory.
  std::size_t bytes() const { return lines_.capacity() * sizeof(Lines); }
  // Null where nothing is asked for.
  const MemoryLines* lines(std::size_t rule) const {
    return rule < lines_.size() ? &lines_[rule] : nullptr;
  }

 private:
  struct alignas(2 * MemoryLines::kBytes) Lines : MemoryLines {};

  std::vector<Lines> lines_;
};

}  // namespace allocd
