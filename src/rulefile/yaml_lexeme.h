// Where the words of a YAML text begin and end: the parser tells only where a value begins.
#pragma once

#include <cstddef>
#include <string_view>

namespace allocd {

// A piece of a text, [begin, end) in bytes.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool empty() const { return begin == end; }
};

// The offset behind white space, line breaks and comments.
std::size_t skip_space(std::string_view text, std::size_t offset);

// What may stand before a value: `&anchor`, `!tag`, in any order.
struct Properties {
  Span tag;
  Span all;             // from the first to the last of them; empty where there are none
  std::size_t content;  // where the value itself begins
};
Properties skip_properties(std::string_view text, std::size_t offset);

// The offset behind the closing quote of the quoted text at `offset`; npos where it never closes.
std::size_t quoted_end(std::string_view text, std::size_t offset);

// The end of the plain scalar at `offset` that was read as `value`, over several lines too.
std::size_t plain_end(std::string_view text, std::size_t offset, std::string_view value);

// The end of the `|` or `>` text at `offset` that was read as `value`, without its last line break.
std::size_t block_scalar_end(std::string_view text, std::size_t offset, std::string_view value);

// The end of the line that holds `offset`, without its line break.
std::size_t line_end(std::string_view text, std::size_t offset);

// The words at `offset` that somebody meant as one plain text: up to a comment or the line's
// end, in `[..]` and `{..}` (`in_flow`) also up to `,` and brackets.
std::string_view plain_words(std::string_view text, std::size_t offset, bool in_flow);

}  // namespace allocd
