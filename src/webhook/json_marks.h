// The few characters that structure JSON, found quickly: for cutting it up without reading it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace allocd {

// Whether it opens or closes something, or ends a line.
constexpr bool is_json_mark(char c) {
  return c == '"' || c == '{' || c == '}' || c == '[' || c == ']' || c == '\n';
}

// The place of the first such character from `at` on, outside of texts; the end where there is
// none.
inline std::size_t skip_to_json_mark(std::string_view text, std::size_t at) {
  static constexpr auto kMarks = [] {
    std::array<bool, 256> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = is_json_mark(static_cast<char>(i));
    return out;
  }();
  while (at < text.size() && !kMarks[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

// The place behind the quote that closes the text in which `at` is; npos where none does.
// INVARIANT: somewhere before `at` is the quote that opens it.
inline std::size_t end_of_json_text(std::string_view text, std::size_t at) {
  for (;;) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return quote;
    std::size_t slashes = 0;
    while (text[quote - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote + 1;
    at = quote + 1;
  }
}

}  // namespace allocd
