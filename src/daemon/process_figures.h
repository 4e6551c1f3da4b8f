// What the system says about this process.
#pragma once

#include <cstdint>
#include <optional>

namespace allocd {

struct ProcessFigures {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since the epoch; the same at each call
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_descriptors = 0;
  std::optional<std::uint64_t> max_descriptors;  // nothing: as many as it likes
};

// Nothing where /proc does not tell, or there is no descriptor left to read it with. For any
// thread.
std::optional<ProcessFigures> process_figures();

}  // namespace allocd
