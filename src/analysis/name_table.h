// Names by number, many of them in little memory: registration IDs, hubs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace allocd {

// Texts by number: 0, 1, 2 … in the order in which they first came. Letters count as DPS counts
// them in IDs and host names: case makes no difference. Texts stay where they are.
class NameTable {
 public:
  // The number of a name, which is new where it did not come up before.
  std::uint32_t number_of(std::string_view name);
  // Letters as they first came.
  std::string_view name(std::uint32_t number) const { return entries_[number].name; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string_view name;
    std::uint64_t hash = 0;
  };
  static constexpr std::uint32_t kEmpty = ~std::uint32_t{0};

  std::uint32_t& place_of(std::string_view name, std::uint64_t hash);
  std::string_view keep(std::string_view name);
  void grow();

  std::deque<Entry> entries_;
  std::vector<std::uint32_t> places_;  // numbers by hash; a power of two, at most half full
  std::vector<std::unique_ptr<char[]>> blocks_;  // the names, one after the other
  char* free_ = nullptr;                         // in the last block
  std::size_t left_ = 0;
};

}  // namespace allocd
