// Letter case as DPS counts it: ASCII letters only, since IDs and host names have no others.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace allocd {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// A letter's form to compare it in, as a table: one step a letter, whatever it is.
class CaseFold {
 public:
  constexpr explicit CaseFold(bool to_lower) {
    for (std::size_t i = 0; i < forms_.size(); ++i) {
      const auto c = static_cast<char>(static_cast<unsigned char>(i));
      forms_[i] = to_lower ? lower(c) : c;
    }
  }
  constexpr char of(char c) const { return forms_[static_cast<unsigned char>(c)]; }

 private:
  std::array<char, 256> forms_{};
};

inline constexpr CaseFold kLowerCase{true};
inline constexpr CaseFold kSameCase{false};

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

inline std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = upper(c);
  return out;
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace allocd
