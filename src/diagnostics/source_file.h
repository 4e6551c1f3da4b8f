// A text that somebody wrote, under the name by which they know it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace allocd {

// Where people count from: the first line is 1, the first column is 1. Columns count
// characters (UTF-8 sequences), not bytes, so that they are what an editor shows.
struct Position {
  int line = 1;
  int column = 1;
};

// An immutable text with its name. Ranges point into it by address, so it neither copies nor moves.
class SourceFile {
 public:
  // `path` is what people see in messages; `name` is the file's place in its rule set
  // (`10-toasters.yaml`, relative to the directory that was loaded). A UTF-8 byte order mark
  // at the start is not part of the text.
  SourceFile(std::string path, std::string name, std::string text);
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }

  // Offsets beyond the end count as the end.
  Position position(std::size_t offset) const;
  // The text of a line without its line break; empty for a line that is not there.
  std::string_view line(int number) const;
  // The offset of the first byte of the line that holds `offset`.
  std::size_t line_start(std::size_t offset) const;

 private:
  std::string path_;
  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

// A piece of a source file, [begin, end) in bytes. A default range points nowhere: messages
// about it carry no place. Valid as long as the file is.
struct SourceRange {
  const SourceFile* file = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  std::string_view text() const;
};

// "rules/10-toasters.yaml:12", for messages that speak of a second place.
std::string place(const SourceRange& range);

// A value and where it was written.
template <typename T>
struct Located {
  T value{};
  SourceRange range;
};

}  // namespace allocd
