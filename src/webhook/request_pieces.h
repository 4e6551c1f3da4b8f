// Recorded requests as they lie in files, cut into pieces: one JSON value each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace allocd {

// One value of a file, or what stands where one should be.
struct RequestPiece {
  std::string_view text;
  std::string_view broken;   // why it is no whole value, in words; empty where it may be one
  std::size_t line = 0;      // where it begins, from 1
  std::uint64_t offset = 0;  // the same in bytes, from 0
};

// Takes a file bit by bit and hands out its pieces: JSON lines, values over several lines one after
// the other, or one list of values. All text but white space, commas between values and brackets of
// lists comes out as part of some piece, so that nothing is passed over in silence. What is cut off
// ends where a line begins with a new object, and costs no other value. Keeps no more than one
// piece and what it was given last.
class RequestPieces {
 public:
  // Called with each piece, whose texts are valid until it returns.
  using Take = std::function<void(const RequestPiece&)>;

  explicit RequestPieces(Take take) : take_(std::move(take)) {}

  void feed(std::string_view text);
  // The file ends here.
  void finish();

  // Longer values are handed out as broken, without their text. No request comes near.
  static constexpr std::size_t kMaxPieceBytes = std::size_t{4} << 20U;

 private:
  enum class State {
    Between,  // values
    InValue,  // an object or list, not closed yet
    InText,   // a text in that value
    Loose,    // something that begins with neither bracket; it ends with its line
    TooLong,  // the rest of a line that is not kept
  };

  void scan();
  void begin(State state);
  // The piece reaches up to here.
  void end(std::string_view broken);
  void next_line() {
    ++line_;
    at_line_start_ = true;
  }

  Take take_;
  std::string buffer_;        // from the piece that is read on
  std::uint64_t offset_ = 0;  // of the buffer in the file
  std::size_t at_ = 0;        // what is looked at next, in the buffer
  std::size_t begin_ = 0;     // of the piece, in the buffer
  std::size_t begin_line_ = 1;
  std::size_t line_ = 1;
  std::size_t depth_ = 0;      // brackets open in the piece
  std::size_t list_line_ = 0;  // where the list around the pieces begins; 0: there is none
  std::uint64_t list_offset_ = 0;
  State state_ = State::Between;
  bool at_line_start_ = true;
  bool ended_ = false;  // nothing more will come
};

}  // namespace allocd
