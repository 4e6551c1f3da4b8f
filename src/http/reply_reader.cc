#include "http/reply_reader.h"

#include <algorithm>
#include <utility>

#include "http/head.h"
#include "http/syntax.h"

namespace allocd {

namespace {

constexpr std::size_t kMaxChunkLine = 1024;
// Of all that stands beside the sizes of chunks, and of the trailers.
constexpr std::size_t kMaxChunkExtras = 16384;

NoReply unreadable(const std::string& why) { return {"its answer cannot be read: " + why}; }

NoReply cut_off() { return {"its answer was cut off"}; }

NoReply too_large(std::size_t max_bytes) {
  return {"its answer has more than " + std::to_string(max_bytes) + " bytes"};
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

ReplyReader::ReplyReader(Receive receive, std::size_t max_bytes)
    : receive_(std::move(receive)), max_bytes_(max_bytes), head_left_(max_bytes) {}

std::optional<HttpReply> ReplyReader::read() {
  input_ = receive_().bytes;
  if (input_.empty()) return std::nullopt;
  Head head = read_head();
  while (head.status < 200) {
    if (head.status == 101) throw unreadable("it changes to another protocol, unasked");
    head = read_head();
  }
  HttpReply reply{head.status, std::move(head.content_type), {}};
  read_body(head, reply.body);
  return reply;
}

void ReplyReader::receive_more() {
  input_ = receive_().bytes;
  if (input_.empty()) throw cut_off();
}

// Without its end; valid until the next line. `budget` is what it may take, and what is left then.
std::string_view ReplyReader::next_line(std::size_t& budget, std::string_view what) {
  line_.clear();
  while (!line_.ends_with('\n')) {
    if (input_.empty()) receive_more();
    const std::size_t end = std::min(input_.find('\n'), input_.size() - 1) + 1;
    if (end > budget) throw unreadable(std::string(what) + " is too long");
    budget -= end;
    line_ += input_.substr(0, end);
    input_.remove_prefix(end);
  }
  if (!line_.ends_with("\r\n")) throw unreadable("a line does not end with CR LF");
  return std::string_view(line_).substr(0, line_.size() - 2);
}

ReplyReader::Head ReplyReader::read_head() {
  Head head;
  const auto next = [this] { return next_line(head_left_, "its head"); };
  read_status_line(next(), head);
  for (auto line = next(); !line.empty(); line = next()) read_header(line, head);
  if (head.chunked && (head.length || head.version_1_0))
    throw unreadable("its Transfer-Encoding does not go with the rest");
  return head;
}

void ReplyReader::read_status_line(std::string_view line, Head& head) {
  constexpr std::size_t kStatus = 9;  // where it begins
  const std::string_view version = line.substr(0, kStatus);
  const std::string_view rest = line.substr(std::min(kStatus + 3, line.size()));
  head.version_1_0 = version == "HTTP/1.0 ";
  if ((version != "HTTP/1.1 " && !head.version_1_0) ||
      !whole_number(line.substr(kStatus, 3), 10, head.status) || head.status < 100 ||
      !(rest.empty() || rest.starts_with(' ')) || has_control_character(rest))
    throw unreadable("it is no HTTP/1.1");
}

void ReplyReader::read_header(std::string_view line, Head& head) {
  const std::size_t colon = header_colon(line);
  if (colon == std::string_view::npos) throw unreadable("a header line that is none");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (same_word(name, "content-length")) {
    if (head.length) throw unreadable("it has more than one Content-Length");
    if (!whole_number(value, 10, head.length.emplace()))
      throw unreadable("its Content-Length is no number");
  } else if (same_word(name, "transfer-encoding")) {
    if (head.chunked || !same_word(value, "chunked"))
      throw unreadable("its Transfer-Encoding is not `chunked`, once");
    head.chunked = true;
  } else if (same_word(name, "content-type")) {
    if (head.content_type.empty()) head.content_type = value;
  } else if (same_word(name, "connection")) {
    if (lists_word(value, "close")) head.closes = true;
    if (lists_word(value, "keep-alive")) head.asks_keep_alive = true;
  }
}

void ReplyReader::read_body(const Head& head, std::string& body) {
  keeps_ = !head.closes && (!head.version_1_0 || head.asks_keep_alive);
  if (has_no_body(head.status)) {
    // Who tells a length here may think that there is a body.
    keeps_ = keeps_ && !head.chunked && head.length.value_or(0) == 0;
  } else if (head.chunked) {
    read_chunks(body);
  } else if (head.length) {
    read_bytes(*head.length, body);
  } else {
    keeps_ = false;
    read_to_end(body);
  }
}

void ReplyReader::read_bytes(std::size_t count, std::string& to) {
  if (count > max_bytes_ - to.size()) throw too_large(max_bytes_);
  while (count > 0) {
    if (input_.empty()) receive_more();
    const std::string_view part = input_.substr(0, count);
    to += part;
    count -= part.size();
    input_.remove_prefix(part.size());
  }
}

void ReplyReader::read_chunks(std::string& body) {
  std::size_t extras = kMaxChunkExtras;
  while (true) {
    std::size_t budget = kMaxChunkLine;
    const std::string_view line = next_line(budget, "a chunk's first line");
    const auto size = chunk_size(line);
    if (!size) throw unreadable("a chunk without a size");
    // One byte a chunk is fine, a kilobyte of extensions for each of them is not.
    const std::size_t extra = line.size() - std::min(line.find_first_of("; \t"), line.size());
    if (extra > extras) throw unreadable("more chunk extensions than anyone needs");
    extras -= extra;
    if (*size == 0) break;
    read_bytes(*size, body);
    read_chunk_end();
  }
  // Trailers say nothing to us, but they must be what they pass for.
  const auto next = [&] { return next_line(extras, "its trailer"); };
  for (auto line = next(); !line.empty(); line = next())
    if (!is_header_line(line)) throw unreadable("a trailer that is none");
}

void ReplyReader::read_chunk_end() {
  for (const char expected : {'\r', '\n'}) {
    if (input_.empty()) receive_more();
    if (input_.front() != expected) throw unreadable("a chunk longer than its size");
    input_.remove_prefix(1);
  }
}

void ReplyReader::read_to_end(std::string& body) {
  while (true) {
    if (input_.size() > max_bytes_ - body.size()) throw too_large(max_bytes_);
    body += std::exchange(input_, {});
    const Piece piece = receive_();
    if (piece.bytes.empty() && piece.is_cut) throw cut_off();
    if (piece.bytes.empty()) return;
    input_ = piece.bytes;
  }
}

}  // namespace allocd
