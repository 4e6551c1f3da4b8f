// Where the answer to a request begins and ends in the bytes of a connection.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/reply.h"

namespace allocd {

// Reads one answer. What two readers could take in two ways is refused: two lengths, a length
// beside chunks, folded lines. What it says depends on the bytes only, never on how they were cut
// into pieces.
class ReplyReader {
 public:
  // Bytes that came, valid until the next call; none: no more will come.
  struct Piece {
    std::string_view bytes;
    bool is_cut = false;  // the sender did not mean them to end here
  };
  using Receive = std::function<Piece()>;  // may throw

  // An answer has at most `max_bytes` in its body, and as many in its heads, interim ones too.
  ReplyReader(Receive receive, std::size_t max_bytes);

  // To be called once. Nothing where the connection ended before the first byte. Throws NoReply,
  // and what `receive` does.
  std::optional<HttpReply> read();
  // Whether another answer may come on the connection, once this one was read.
  bool keeps_connection() const { return keeps_ && input_.empty(); }

 private:
  struct Head {
    int status = 0;
    bool version_1_0 = false;
    std::string content_type;
    std::optional<std::size_t> length;
    bool chunked = false;
    bool closes = false;
    bool asks_keep_alive = false;
  };

  void receive_more();
  std::string_view next_line(std::size_t& budget, std::string_view what);
  Head read_head();
  static void read_status_line(std::string_view line, Head& head);
  static void read_header(std::string_view line, Head& head);
  void read_body(const Head& head, std::string& body);
  void read_bytes(std::size_t count, std::string& to);
  void read_chunks(std::string& body);
  void read_chunk_end();
  void read_to_end(std::string& body);

  const Receive receive_;
  const std::size_t max_bytes_;
  std::size_t head_left_;   // of max_bytes_
  std::string_view input_;  // received, not yet read
  std::string line_;
  bool keeps_ = false;
};

}  // namespace allocd
