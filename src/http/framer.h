// Where requests begin and end in the bytes of a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "http/head.h"

namespace allocd {

constexpr std::size_t kMaxHeadBytes = 16384;

// A request as it came, its framing undone.
struct WireRequest {
  RequestHead head;
  std::string body;
};

// All that was given is taken, and the request goes on.
struct NeedMore {};

// Finds one request after the other. What it says depends on the bytes only, never on how they
// were cut into pieces, and every byte is looked at once.
class Framer {
 public:
  // A body has at most `body_bytes`, chunked or not.
  explicit Framer(std::size_t body_bytes) : body_bytes_(body_bytes) {}

  // Takes from the front of `input` up to the end of a request. After a failure it must not be
  // called again.
  std::variant<NeedMore, WireRequest, WireFailure> read(std::string_view& input);

  // Swaps in an empty string with room in it for the next body, which saves asking for memory.
  // Before a request has started.
  void lend(std::string& buffer) { body_.swap(buffer); }

  // Whether a part of a request is here, empty lines before it not counted.
  bool has_started() const { return state_ != State::RequestLine || !line_.empty(); }
  // Whether the head is whole.
  bool has_head() const { return state_ > State::Header; }
  // Whether the client waits for `100 Continue` before it sends a body; true once a request.
  bool take_expectation();

 private:
  enum class State { RequestLine, Header, Body, ChunkLine, ChunkData, ChunkEnd, Trailer };
  enum class Step { Done, NeedMore, Failed };

  Step step(std::string_view& input);
  bool next_line(std::string_view& input, std::string_view& line, Step& otherwise);
  Step read_line(std::string_view line);
  Step read_request_line(std::string_view line);
  Step read_header(std::string_view line);
  Step begin_body();
  Step read_data(std::string_view& input);
  Step read_chunk_line(std::string_view line);
  Step read_chunk_end(std::string_view& input);
  Step read_trailer(std::string_view line);
  WireRequest take_request();
  Step fail(int status, std::string text);
  Step too_large();

  const std::size_t body_bytes_;
  State state_ = State::RequestLine;
  bool whole_ = false;
  bool expects_ = false;
  std::uint8_t empty_lines_ = 0;
  std::uint8_t trailers_ = 0;
  std::size_t line_bytes_ = 0;  // of the head, or of all that frames chunks
  std::size_t left_ = 0;        // of the body, or of the chunk
  std::string line_;            // the part of a line that is here
  HeadReader reader_;
  std::string body_;
  WireFailure failure_;
};

}  // namespace allocd
