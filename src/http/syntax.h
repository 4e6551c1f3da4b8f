// What the texts of HTTP are made of: tokens, words, lists, numbers and header lines (RFC 9110, 5).
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace allocd {

// What a byte may be part of (RFC 9110, 5.6.2 and 5.5).
constexpr std::uint8_t kToken = 1;
constexpr std::uint8_t kVisible = 2;
constexpr std::uint8_t kControl = 4;

inline constexpr std::array<std::uint8_t, 256> kByteKinds = [] {
  std::array<std::uint8_t, 256> out{};
  for (std::size_t c = 0; c < 0x80; ++c) {
    if (c > 0x20 && c < 0x7F) out[c] |= kVisible;
    if ((c < 0x20 && c != '\t') || c == 0x7F) out[c] |= kControl;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
      out[c] |= kToken;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    out[static_cast<unsigned char>(c)] |= kToken;
  return out;
}();

inline bool is_kind(std::uint8_t kind, char c) {
  return (kByteKinds[static_cast<unsigned char>(c)] & kind) != 0;
}

inline bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_kind(kToken, c); });
}

// ASCII without blanks and control characters.
inline bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_kind(kVisible, c); });
}

inline bool has_control_character(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) { return is_kind(kControl, c); });
}

// Not <cctype>'s, which looks at the locale.
inline char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// In any case.
inline bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

// Without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Whether one of the members, with commas between them, is `word`.
inline bool lists_word(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (same_word(trimmed(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// Whether all of `text` is a number that `out` can hold.
template <typename Number>
bool whole_number(std::string_view text, int base, Number& out) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, out, base);
  return !text.empty() && error == std::errc() && stopped == end;
}

// Where the name of NAME:VALUE ends; npos where the line is none, has blanks before the colon, or
// control characters.
inline std::size_t header_colon(std::string_view line) {
  const std::size_t colon = line.find(':');
  const bool is_header = colon != std::string_view::npos && is_token(line.substr(0, colon)) &&
                         !has_control_character(line.substr(colon));
  return is_header ? colon : std::string_view::npos;
}

inline bool is_header_line(std::string_view line) {
  return header_colon(line) != std::string_view::npos;
}

}  // namespace allocd
