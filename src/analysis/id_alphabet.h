// The letters of registration IDs, as small numbers: what rule sets are reasoned about in.
// Valid is an ID of 1 to 128 letters, digits, `-`, `.`, `_` and `:` that ends in none of the last
// three (https://learn.microsoft.com/azure/iot-dps/concepts-service#registration-id).
#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>

namespace allocd {

// The small letters come first, so that examples are made of them; the 40 symbols up to the
// capital letters are all that there is where letter case does not count.
constexpr std::string_view kIdSymbols =
    "abcdefghijklmnopqrstuvwxyz0123456789-._:ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::size_t kMaxIdLength = 128;

using SymbolSet = std::bitset<kIdSymbols.size()>;

// Its number; kIdSymbols.npos for what no valid ID has in it.
constexpr std::size_t symbol_of(char c) { return kIdSymbols.find(c); }

// Whether a valid ID may end with it.
constexpr bool may_end_id(std::size_t symbol) {
  return kIdSymbols[symbol] != '.' && kIdSymbols[symbol] != '_' && kIdSymbols[symbol] != ':';
}

constexpr bool is_valid_id(std::string_view id) {
  for (const char c : id)
    if (symbol_of(c) == kIdSymbols.npos) return false;
  return !id.empty() && id.size() <= kMaxIdLength && may_end_id(symbol_of(id.back()));
}

}  // namespace allocd
