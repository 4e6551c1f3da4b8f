// The head of a request: what it says about where its body ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace allocd {

constexpr std::size_t kMaxHeadBytes = 16384;
constexpr std::size_t kMaxHeaderLines = 100;

struct RequestHead {
  std::string line;  // the request line, as sent
  bool chunked = false;
  std::size_t content_length = 0;  // 0 where there is none: such a request has no body
  bool expects_continue = false;
  bool keep_alive = true;
};

// A head that is not taken: what to answer, and why.
struct HeadError {
  int status = 400;
  std::string_view text;
};

// `head` ends with its blank line. Whatever two readers could take in two ways is refused: two
// lengths, a length beside chunks, folded lines, bare line feeds.
std::variant<RequestHead, HeadError> parse_head(std::string_view head);

// The number that a chunk's size line begins with; extensions after `;` are left out. Nothing
// where it is no number of at most 8 hex digits.
std::optional<std::size_t> chunk_size(std::string_view line);

}  // namespace allocd
