// A file that lines are appended to, and that is renamed away while they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace allocd {

// Whatever goes wrong, no line begins on what is left of another one, and a line that was cut short
// goes on where it ended, or begins anew in the next file. Not synced: what the machine has not
// written when its power fails is lost. For one thread.
class LogFile {
 public:
  // Past `max_bytes` the file becomes `path.1`, what was that `path.2`, up to `path.KEEP`; 0:
  // never. Only regular files are renamed. A new file is 0640; folders are not made. Throws
  // std::system_error where the file cannot be opened.
  LogFile(std::string path, std::uint64_t max_bytes, unsigned keep);
  // Takes back what there is of a line that was not finished.
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Writes `lines`, each with its line end, from `done` on, which moves along: to the end, and 0
  // comes back, or to where the machine said no, and its errno does. EAGAIN: a pipe is full.
  int write(std::string_view lines, std::size_t& done);
  // Opens the path anew, after somebody renamed the file. A line that was begun in the old file is
  // taken back there: `done` moves to its start. Otherwise the errno, and the old file stays.
  int reopen(std::string_view lines, std::size_t& done);

  int descriptor() const { return file_; }
  // Why the file could not be renamed when it was its time; 0: nothing is wrong. It grows on, and
  // this is tried again later.
  int rotation_error() const { return rotation_error_; }

 private:
  int open_path();
  // Whether the path still leads to the file that is open.
  bool is_in_place() const;
  bool is_deleted() const;
  void rotate();
  int end_foreign_line();
  // How much of `lines`, which begin with a new line, goes into this file at once.
  std::size_t whole_lines(std::string_view lines) const;
  void take_back_line();

  std::string path_;
  std::uint64_t max_bytes_;
  unsigned keep_;
  int file_ = -1;
  bool regular_ = false;
  bool in_foreign_line_ = false;  // somebody's last line there has no end
  std::uint64_t size_ = 0;
  std::uint64_t begun_ = 0;      // bytes of a line that is not finished
  std::uint64_t rotate_at_ = 0;  // the size
  int rotation_error_ = 0;
};

}  // namespace allocd
