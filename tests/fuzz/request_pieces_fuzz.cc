// Any bytes as a file of recorded requests: the same pieces however they come in, in their order
// and each at its place, and nothing lost between them but white space, commas and brackets.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/request_pieces.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

struct Piece {
  std::string text;
  std::string broken;
  std::size_t line = 0;
  std::uint64_t offset = 0;

  bool operator==(const Piece&) const = default;
};

// Fed in parts of these sizes, one after the other and again from the first.
std::vector<Piece> pieces_of(std::string_view file, const std::vector<std::size_t>& sizes) {
  std::vector<Piece> out;
  allocd::RequestPieces pieces([&](const allocd::RequestPiece& piece) {
    out.push_back({std::string(piece.text), std::string(piece.broken), piece.line, piece.offset});
  });
  for (std::size_t i = 0; !file.empty(); ++i) {
    const std::size_t size = std::min(sizes[i % sizes.size()], file.size());
    pieces.feed(file.substr(0, size));
    file.remove_prefix(size);
  }
  pieces.finish();
  return out;
}

void expect_nothing_of_worth(std::string_view between) {
  expect(between.find_first_not_of(" \t\r\n,[]") == std::string_view::npos);
}

void expect_whole(std::string_view file, const std::vector<Piece>& pieces) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::size_t end = file.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  bool is_known = true;  // where the last piece ends
  for (const Piece& piece : pieces) {
    expect(piece.offset < file.size());
    const auto before = file.substr(0, piece.offset);
    const auto breaks = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    expect(piece.line == breaks + 1);
    expect(piece.text.empty() != piece.broken.empty());
    // A list that is never closed is told of at the very end.
    if (piece.offset < end && &piece == &pieces.back() && file[piece.offset] == '[') break;
    expect(piece.offset >= end);
    if (is_known) expect_nothing_of_worth(file.substr(end, piece.offset - end));
    expect(file.substr(piece.offset).starts_with(piece.text));
    end = piece.offset + piece.text.size();
    is_known = piece.broken.empty();
  }
  if (is_known) expect_nothing_of_worth(file.substr(end));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto whole = pieces_of(file, {size + 1});
  expect_whole(file, whole);
  for (const std::size_t step : {1UL, 2UL, 3UL, 7UL}) expect(pieces_of(file, {step}) == whole);
  // Parts that the input itself chooses, empty ones left out.
  std::vector<std::size_t> sizes = {1};
  for (const char byte : file.substr(0, 16))
    sizes.push_back(1 + static_cast<unsigned char>(byte) % 32U);
  expect(pieces_of(file, sizes) == whole);
  return 0;
}
