// UTF-8 as RFC 3629 defines it.
#pragma once

#include <cstddef>
#include <string_view>

namespace allocd {

// Bytes of the well-formed sequence that `text` begins with (1 to 4); 0 where it begins with none,
// and for the empty text. Overlong forms, surrogates and what lies beyond U+10FFFF are none.
std::size_t utf8_length(std::string_view text);

// The offset of the first byte that belongs to no well-formed sequence, or npos.
std::size_t first_invalid_utf8(std::string_view text);

}  // namespace allocd
