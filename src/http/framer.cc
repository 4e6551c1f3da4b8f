#include "http/framer.h"

#include <algorithm>
#include <utility>

#include "http/syntax.h"

namespace allocd {

namespace {

constexpr std::size_t kMaxChunkLine = 1024;
constexpr std::uint8_t kMaxEmptyLines = 8;
// A client's word does not cost us memory: more is taken when more has come.
constexpr std::size_t kReservedBody = 16384;

}  // namespace

std::variant<NeedMore, WireRequest, WireFailure> Framer::read(std::string_view& input) {
  while (true) {
    const Step done = step(input);
    if (done == Step::Failed) return std::move(failure_);
    if (whole_) return take_request();
    if (done == Step::NeedMore) return NeedMore{};
  }
}

bool Framer::take_expectation() { return std::exchange(expects_, false); }

Framer::Step Framer::step(std::string_view& input) {
  if (input.empty()) return Step::NeedMore;
  if (has_head()) expects_ = false;  // the body comes without being asked for
  if (state_ == State::Body || state_ == State::ChunkData) return read_data(input);
  if (state_ == State::ChunkEnd) return read_chunk_end(input);
  std::string_view line;
  Step otherwise = Step::NeedMore;
  if (!next_line(input, line, otherwise)) return otherwise;
  const Step done = read_line(line);
  line_.clear();
  return done;
}

// A line without its end, in `input` or, where it came in pieces, in line_.
bool Framer::next_line(std::string_view& input, std::string_view& line, Step& otherwise) {
  const bool chunk = state_ == State::ChunkLine;
  const std::size_t limit = chunk ? kMaxChunkLine : kMaxHeadBytes - line_bytes_;
  const std::size_t end = input.find('\n');
  const bool here = end != std::string_view::npos;
  const std::string_view part = input.substr(0, here ? end + 1 : input.size());
  if (line_.size() + part.size() > limit) {
    otherwise = chunk                      ? fail(400, "a chunk's first line is too long")
                : state_ == State::Trailer ? fail(431, "the trailers are too long")
                                           : fail(431, "the head is too long");
    return false;
  }
  input.remove_prefix(part.size());
  if (!here || !line_.empty()) line_ += part;
  if (!here) return false;
  line = line_.empty() ? part : line_;
  if (!chunk) line_bytes_ += line.size();
  // INVARIANT: lines end with CR LF. Who takes a bare LF for an end sees other lines than we do.
  if (!line.ends_with("\r\n")) {
    otherwise = fail(400, "a line that does not end with CR LF");
    return false;
  }
  line.remove_suffix(2);
  return true;
}

Framer::Step Framer::read_line(std::string_view line) {
  switch (state_) {
    case State::RequestLine: return read_request_line(line);
    case State::Header: return read_header(line);
    case State::ChunkLine: return read_chunk_line(line);
    default: return read_trailer(line);
  }
}

Framer::Step Framer::read_request_line(std::string_view line) {
  if (line.empty()) {
    // Clients may send one between requests (RFC 9112, 2.2).
    if (++empty_lines_ > kMaxEmptyLines) return fail(400, "nothing but empty lines");
    return Step::Done;
  }
  state_ = State::Header;
  if (auto failure = reader_.read_request_line(line))
    return fail(failure->status, std::move(failure->text));
  return Step::Done;
}

Framer::Step Framer::read_header(std::string_view line) {
  auto failure = line.empty() ? reader_.finish() : reader_.read_header(line);
  if (failure) return fail(failure->status, std::move(failure->text));
  return line.empty() ? begin_body() : Step::Done;
}

Framer::Step Framer::begin_body() {
  const RequestHead& head = reader_.head();
  line_bytes_ = 0;
  expects_ = head.expects_continue;
  left_ = head.content_length;
  if (left_ > body_bytes_) return too_large();
  state_ = head.chunked ? State::ChunkLine : State::Body;
  whole_ = state_ == State::Body && left_ == 0;
  body_.reserve(std::min(left_, kReservedBody));
  return Step::Done;
}

Framer::Step Framer::read_data(std::string_view& input) {
  const std::string_view data = input.substr(0, left_);
  body_ += data;
  left_ -= data.size();
  input.remove_prefix(data.size());
  if (left_ > 0) return Step::NeedMore;
  whole_ = state_ == State::Body;
  if (!whole_) {
    state_ = State::ChunkEnd;
    left_ = 2;
  }
  return Step::Done;
}

Framer::Step Framer::read_chunk_line(std::string_view line) {
  const auto size = chunk_size(line);
  if (!size) return fail(400, "a chunk without a size");
  // One byte a chunk is fine, a kilobyte of extensions for each of them is not.
  line_bytes_ += line.size() - std::min(line.find_first_of("; \t"), line.size());
  if (line_bytes_ > kMaxHeadBytes) return fail(400, "more chunk extensions than anyone needs");
  if (*size > body_bytes_ - body_.size()) return too_large();
  left_ = *size;
  state_ = left_ > 0 ? State::ChunkData : State::Trailer;
  if (left_ == 0) line_bytes_ = 0;
  return Step::Done;
}

Framer::Step Framer::read_chunk_end(std::string_view& input) {
  if (input.front() != (left_ == 2 ? '\r' : '\n')) return fail(400, "a chunk longer than its size");
  input.remove_prefix(1);
  if (--left_ == 0) state_ = State::ChunkLine;
  return Step::Done;
}

Framer::Step Framer::read_trailer(std::string_view line) {
  // Trailers say nothing to us, but they must be what they pass for.
  whole_ = line.empty();
  if (!whole_ && ++trailers_ > kMaxHeaderLines) return fail(431, "too many trailers");
  if (!whole_ && !is_header_line(line)) return fail(400, "a trailer that is none");
  return Step::Done;
}

WireRequest Framer::take_request() {
  WireRequest request{std::move(reader_.head()), std::move(body_)};
  reader_ = HeadReader();
  body_ = std::string();
  line_ = std::string();
  state_ = State::RequestLine;
  whole_ = expects_ = false;
  empty_lines_ = trailers_ = 0;
  line_bytes_ = left_ = 0;
  return request;
}

Framer::Step Framer::fail(int status, std::string text) {
  failure_ = {status, std::move(text)};
  return Step::Failed;
}

Framer::Step Framer::too_large() {
  return fail(413, "the body has more than " + std::to_string(body_bytes_) + " bytes");
}

}  // namespace allocd
