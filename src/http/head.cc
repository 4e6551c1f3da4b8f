#include "http/head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace allocd {

namespace {

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool lists_word(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (same_word(trimmed(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != kMarks.npos;
  });
}

bool has_control_character(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

template <typename Number>
bool whole_number(std::string_view text, int base, Number& out) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, out, base);
  return !text.empty() && error == std::errc() && stopped == end;
}

// Collects what the header lines say about framing.
class HeaderReader {
 public:
  explicit HeaderReader(RequestHead& head) : head_(head) {}

  std::optional<HeadError> read(std::string_view name, std::string_view value) {
    if (same_word(name, "Content-Length")) return length(value);
    if (same_word(name, "Transfer-Encoding")) {
      if (head_.chunked || !same_word(value, "chunked"))
        return HeadError{400, "Transfer-Encoding must be `chunked`, once"};
      head_.chunked = true;
    } else if (same_word(name, "Content-Encoding")) {
      if (!value.empty() && !same_word(value, "identity"))
        return HeadError{415, "a body with a Content-Encoding is not taken"};
    } else if (same_word(name, "Expect")) {
      if (!same_word(value, "100-continue")) return HeadError{417, "unknown expectation"};
      head_.expects_continue = true;
    } else if (same_word(name, "Connection")) {
      if (lists_word(value, "close")) head_.keep_alive = false;
      if (lists_word(value, "keep-alive")) asks_keep_alive_ = true;
    }
    return std::nullopt;
  }

  std::optional<HeadError> finish() {
    const bool old = head_.line.ends_with("HTTP/1.0");
    if (head_.chunked && (has_length_ || old))
      return HeadError{400, "Transfer-Encoding does not go with this request"};
    if (old && !asks_keep_alive_) head_.keep_alive = false;
    if (old) head_.expects_continue = false;
    return std::nullopt;
  }

 private:
  std::optional<HeadError> length(std::string_view value) {
    if (has_length_) return HeadError{400, "more than one Content-Length"};
    has_length_ = true;
    if (!whole_number(value, 10, head_.content_length))
      return HeadError{400, "Content-Length is not a number"};
    return std::nullopt;
  }

  RequestHead& head_;
  bool has_length_ = false;
  bool asks_keep_alive_ = false;
};

}  // namespace

std::variant<RequestHead, HeadError> parse_head(std::string_view head) {
  constexpr std::string_view kEnd = "\r\n";
  RequestHead out;
  HeaderReader headers(out);
  for (std::size_t lines = 0;; ++lines) {
    const std::size_t end = head.find(kEnd);
    if (end == std::string_view::npos || end == 0) break;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kEnd.size());
    if (has_control_character(line)) return HeadError{400, "a control character in the head"};
    if (lines == 0) {
      out.line = line;
      continue;
    }
    if (lines > kMaxHeaderLines) return HeadError{431, "too many header lines"};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_header_name(line.substr(0, colon)))
      return HeadError{400, "a header line that is none"};
    if (auto error = headers.read(line.substr(0, colon), trimmed(line.substr(colon + 1))))
      return *error;
  }
  if (auto error = headers.finish()) return *error;
  return out;
}

std::optional<std::size_t> chunk_size(std::string_view line) {
  const std::string_view digits = trimmed(line.substr(0, line.find(';')));
  std::size_t size = 0;
  if (digits.size() > 8 || !whole_number(digits, 16, size)) return std::nullopt;
  return size;
}

}  // namespace allocd
