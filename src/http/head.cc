#include "http/head.h"

#include <algorithm>

#include "http/syntax.h"

namespace allocd {

namespace {

constexpr std::string_view kBlank = " \t";
// What most clients send, with room to spare.
constexpr std::size_t kUsualHeaders = 12;

bool is_authority(std::string_view text) {
  return is_visible(text) && text.find_first_of("/?#@\\\"<>,^`{|}") == std::string_view::npos;
}

WireFailure bad(std::string_view text) { return {400, std::string(text)}; }

}  // namespace

std::optional<std::size_t> chunk_size(std::string_view line) {
  const std::size_t end = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
  const std::string_view rest = line.substr(end);
  const std::size_t mark = rest.find_first_not_of(kBlank);
  std::size_t size = 0;
  if (end > 8 || !whole_number(line.substr(0, end), 16, size)) return std::nullopt;
  if (!rest.empty() && (mark == std::string_view::npos || rest[mark] != ';')) return std::nullopt;
  if (has_control_character(rest)) return std::nullopt;
  return size;
}

std::optional<WireFailure> HeadReader::read_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first)))
    return bad("no request line");
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool other = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.';
    return other ? WireFailure{505, "only HTTP/1.1 and 1.0 are spoken here"} : bad("no HTTP");
  }
  head_.version_1_0 = version == "HTTP/1.0";
  head_.method = line.substr(0, first);
  return read_target(line.substr(first + 1, last - first - 1));
}

std::optional<WireFailure> HeadReader::read_target(std::string_view target) {
  if (target.size() > kMaxTargetBytes) return WireFailure{414, "the target is too long"};
  if (!is_visible(target) || target.find('#') != std::string_view::npos)
    return bad("the target has characters that belong in no target");
  if (target == "*") {
    if (head_.method != "OPTIONS") return bad("`*` is a target of OPTIONS only");
    head_.target = target;
    return std::nullopt;
  }
  const std::size_t colon = target.find("://");
  if (!target.starts_with('/') && colon != std::string_view::npos) {
    const std::string_view scheme = target.substr(0, colon);
    if (!same_word(scheme, "http") && !same_word(scheme, "https"))
      return bad("the target is no address of ours");
    target.remove_prefix(colon + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    authority_ = target.substr(0, end);
    target.remove_prefix(end);
    if (authority_.empty() || !is_authority(authority_))
      return bad("the target is no address of ours");
    if (!target.starts_with('/')) head_.target = "/";
  } else if (!target.starts_with('/')) {
    return bad("the target does not begin with `/`");
  }
  head_.target += target;
  return std::nullopt;
}

std::optional<WireFailure> HeadReader::read_header(std::string_view line) {
  if (head_.headers.size() == kMaxHeaderLines) return WireFailure{431, "too many header lines"};
  const std::size_t colon = header_colon(line);
  if (colon == std::string_view::npos) return bad("a header line that is none");
  if (head_.headers.empty()) head_.headers.reserve(kUsualHeaders);
  auto& [name, value] =
      head_.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  std::transform(name.begin(), name.end(), name.begin(), lower_case);
  // Legal, but others refuse it, and what frames the body is no place to differ.
  if ((name == "content-length" || name == "transfer-encoding") &&
      line.find('\t') != std::string_view::npos)
    return bad("a tab beside the length of a body");
  return understand(name, value);
}

std::optional<WireFailure> HeadReader::understand(std::string_view name, std::string_view value) {
  if (name == "host") {
    if (has_host_) return bad("more than one Host");
    if (!is_authority(value)) return bad("Host is no host");
    has_host_ = true;
  } else if (name == "content-length") {
    if (has_length_) return bad("more than one Content-Length");
    has_length_ = true;
    if (!whole_number(value, 10, head_.content_length))
      return bad("Content-Length is not a number");
  } else if (name == "transfer-encoding") {
    if (head_.chunked || !same_word(value, "chunked"))
      return bad("Transfer-Encoding must be `chunked`, once");
    head_.chunked = true;
  } else if (name == "content-encoding") {
    if (!value.empty() && !same_word(value, "identity"))
      return WireFailure{415, "a body with a Content-Encoding is not taken"};
  } else if (name == "expect") {
    if (!same_word(value, "100-continue")) return WireFailure{417, "unknown expectation"};
    head_.expects_continue = true;
  } else if (name == "connection") {
    if (lists_word(value, "close")) head_.keep_alive = false;
    if (lists_word(value, "keep-alive")) asks_keep_alive_ = true;
  }
  return std::nullopt;
}

std::optional<WireFailure> HeadReader::finish() {
  if (head_.chunked && (has_length_ || head_.version_1_0))
    return bad("Transfer-Encoding does not go with this request");
  if (!has_host_ && !head_.version_1_0) return bad("no Host");
  if (head_.version_1_0) {
    head_.keep_alive = head_.keep_alive && asks_keep_alive_;
    head_.expects_continue = false;
  }
  if (!head_.chunked && head_.content_length == 0) head_.expects_continue = false;
  // The target says it with more authority (RFC 9112, 3.2.2).
  if (!authority_.empty()) {
    auto& headers = head_.headers;
    std::erase_if(headers, [](const auto& header) { return header.first == "host"; });
    if (headers.size() == kMaxHeaderLines) return WireFailure{431, "too many header lines"};
    headers.emplace_back("host", authority_);
  }
  return std::nullopt;
}

}  // namespace allocd
