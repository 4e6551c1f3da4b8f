// A hash that is the same everywhere and for ever: what devices are spread and rolled out by.
// README.md writes it down, with values to try another implementation on.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/letter_case.h"

namespace allocd {

// FNV-1a over the bytes that are appended, then mixed, so that every bit depends on every byte.
// INVARIANT: devices stay where they are only as long as no value changes.
class StableHash {
 public:
  constexpr void append(char c) {
    state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  constexpr void append(std::string_view text) {
    for (const char c : text) append(c);
  }
  // The same with A to Z as a to z.
  constexpr void append_lower(std::string_view text) {
    for (const char c : text) append(lower(c));
  }

  constexpr std::uint64_t value() const {
    std::uint64_t x = state_;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace allocd
