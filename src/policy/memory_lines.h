// Which lines of memory a piece of work reads, to ask for all of them at once.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace allocd {

// Lines of 64 bytes, which is what caches hold on nearly every processor; on others some are asked
// for twice, or not. At most kRuns runs of neighbouring lines: what finds no room is left out, and
// comes when it is read. So the first things added are the surest.
class MemoryLines {
 public:
  static constexpr std::size_t kBytes = 64;
  static constexpr std::size_t kRuns = 16;
  // Of one piece of memory: the lines behind follow as they are read, one after the other.
  static constexpr std::size_t kMostOfOne = 12;

  void add(const void* begin, std::size_t bytes) {
    if (bytes == 0) return;
    const std::uint64_t first = reinterpret_cast<std::uintptr_t>(begin) / kBytes;
    const std::uint64_t last = (reinterpret_cast<std::uintptr_t>(begin) + bytes - 1) / kBytes;
    for (std::uint64_t line = first; line <= last && line < first + kMostOfOne; ++line)
      add_line(line);
  }
  template <typename Item>
  void add(const std::vector<Item>& items) {
    add(items.data(), items.size() * sizeof(Item));
  }
  void add(const std::string& text) { add(text.data(), text.size()); }

  // Asks for them, and waits for none.
  void fetch() const {
    for (std::size_t i = 0; i < runs_.size() && runs_[i] != 0; ++i)
      for (std::uint64_t line = first_of(runs_[i]); line < end_of(runs_[i]); ++line)
        fetch_line(reinterpret_cast<const void*>(static_cast<std::uintptr_t>(line * kBytes)));
  }

  // Whether the line with this byte is one of them.
  bool has(const void* byte) const {
    return has_line(reinterpret_cast<std::uintptr_t>(byte) / kBytes);
  }

  static void fetch_line(const void* line) {
    __builtin_prefetch(line);
    // GCC takes a function that does nothing but prefetch for one without effects, and drops it.
    asm volatile("" : : "r"(line));
  }

 private:
  // A run is the number of its first line, and how many there are; 0 is none. Places in memory have
  // 57 bits at most, and so 51 without those within a line.
  static constexpr unsigned kCountBits = 13;
  static constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << kCountBits) - 1;
  static std::uint64_t first_of(std::uint64_t run) { return run >> kCountBits; }
  static std::uint64_t end_of(std::uint64_t run) { return first_of(run) + (run & kMaxCount); }
  static std::uint64_t run_of(std::uint64_t first, std::uint64_t end) {
    return first << kCountBits | (end - first);
  }

  bool has_line(std::uint64_t line) const {
    return std::any_of(runs_.begin(), runs_.end(), [line](std::uint64_t run) {
      return line >= first_of(run) && line < end_of(run);
    });
  }

  void add_line(std::uint64_t line) {
    if (has_line(line)) return;
    for (std::uint64_t& run : runs_) {
      if (run == 0) {
        run = run_of(line, line + 1);
        return;
      }
      if (end_of(run) - first_of(run) == kMaxCount) continue;
      if (line == end_of(run) || line + 1 == first_of(run)) {
        run = run_of(std::min(line, first_of(run)), std::max(line + 1, end_of(run)));
        return;
      }
    }
  }

  std::array<std::uint64_t, kRuns> runs_{};
};

}  // namespace allocd
