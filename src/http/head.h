// The head of a request, line by line: what is asked for, and where its body ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace allocd {

constexpr std::size_t kMaxHeaderLines = 100;
// What RFC 9112 asks for; cpp-httplib takes little more.
constexpr std::size_t kMaxTargetBytes = 8000;

// Why a request is not taken. What follows it on the connection cannot be trusted.
struct WireFailure {
  int status = 0;
  std::string text;
};

struct RequestHead {
  std::string method;
  std::string target;  // begins with `/`, or is `*`; the absolute form is cut down to that
  bool version_1_0 = false;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  bool chunked = false;
  std::size_t content_length = 0;  // 0 where there is none: such a request has no body
  bool expects_continue = false;
  bool keep_alive = true;
};

// Reads one head. Whatever two readers could take in two ways is refused: two lengths, a length
// beside chunks, folded lines, a second Host. Lines come without their ends; nothing may be
// called after a failure.
class HeadReader {
 public:
  std::optional<WireFailure> read_request_line(std::string_view line);
  std::optional<WireFailure> read_header(std::string_view line);
  // After the last line. Then the head is whole.
  std::optional<WireFailure> finish();

  RequestHead& head() { return head_; }

 private:
  std::optional<WireFailure> read_target(std::string_view target);
  std::optional<WireFailure> understand(std::string_view name, std::string_view value);

  RequestHead head_;
  std::string authority_;  // of a target in absolute form
  bool has_length_ = false;
  bool has_host_ = false;
  bool asks_keep_alive_ = false;
};

// The number that a chunk's first line begins with; `;` and extensions may follow. Nothing where
// it is no number of at most 8 hex digits.
std::optional<std::size_t> chunk_size(std::string_view line);

}  // namespace allocd
