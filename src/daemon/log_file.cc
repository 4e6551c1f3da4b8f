#include "daemon/log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace allocd {

namespace {

constexpr mode_t kMode = 0640;
constexpr std::size_t kMaxWriteBytes = std::size_t{256} << 10U;

// For reading too: to see how the file ends, and so that a pipe can be opened while nobody reads.
constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

int open_or_create(const std::string& path) {
  const int made = open(path.c_str(), kFlags | O_CREAT | O_EXCL, kMode);
  if (made >= 0) {
    fchmod(made, kMode);  // whatever the umask is: those who collect logs are in its group
    return made;
  }
  return errno == EEXIST ? open(path.c_str(), kFlags | O_CREAT, kMode) : made;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

LogFile::LogFile(std::string path, std::uint64_t max_bytes, unsigned keep)
    : path_(std::move(path)), max_bytes_(max_bytes), keep_(std::max(keep, 1U)) {
  if (const int error = open_path(); error != 0)
    throw std::system_error(error, std::generic_category(), path_);
}

LogFile::~LogFile() {
  take_back_line();
  if (file_ >= 0) close(file_);
}

int LogFile::open_path() {
  const int file = open_or_create(path_);
  if (file < 0) return errno;
  struct stat status {};
  if (fstat(file, &status) != 0) {
    const int error = errno;
    close(file);
    return error;
  }
  take_back_line();
  if (file_ >= 0) close(file_);
  file_ = file;
  regular_ = S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  rotate_at_ = max_bytes_;
  char last = '\n';
  in_foreign_line_ =
      size_ > 0 && (pread(file_, &last, 1, static_cast<off_t>(size_ - 1)) != 1 || last != '\n');
  return 0;
}

bool LogFile::is_in_place() const {
  struct stat open_one {};
  struct stat named {};
  return fstat(file_, &open_one) == 0 && stat(path_.c_str(), &named) == 0 &&
         same_file(open_one, named);
}

bool LogFile::is_deleted() const {
  struct stat status {};
  return regular_ && fstat(file_, &status) == 0 && status.st_nlink == 0;
}

void LogFile::take_back_line() {
  if (begun_ == 0) return;
  struct stat status {};
  // INVARIANT: only what this object wrote last is cut off.
  if (regular_ && fstat(file_, &status) == 0 &&
      static_cast<std::uint64_t>(status.st_size) == size_ &&
      ftruncate(file_, static_cast<off_t>(size_ - begun_)) == 0)
    size_ -= begun_;
  begun_ = 0;
}

int LogFile::reopen(std::string_view lines, std::size_t& done) {
  const bool in_line = begun_ > 0;
  const int error = open_path();
  if (error == 0 && in_line) done = lines.substr(0, done).rfind('\n') + 1;
  return error;
}

void LogFile::rotate() {
  rotation_error_ = 0;
  // Where somebody else renamed it, or the last try came half way, only a new file is missing.
  if (is_in_place()) {
    const auto name = [&](unsigned number) { return path_ + '.' + std::to_string(number); };
    for (unsigned number = keep_ - 1; number > 0 && rotation_error_ == 0; --number)
      if (std::rename(name(number).c_str(), name(number + 1).c_str()) != 0 && errno != ENOENT)
        rotation_error_ = errno;
    if (rotation_error_ == 0 && std::rename(path_.c_str(), name(1).c_str()) != 0)
      rotation_error_ = errno;
  }
  if (rotation_error_ == 0) rotation_error_ = open_path();
  if (rotation_error_ != 0)
    rotate_at_ = size_ + std::max<std::uint64_t>(max_bytes_ / 8, kMaxWriteBytes);
}

int LogFile::end_foreign_line() {
  const ssize_t written = ::write(file_, "\n", 1);
  if (written != 1) return written < 0 ? errno : EIO;
  ++size_;
  in_foreign_line_ = false;
  return 0;
}

std::size_t LogFile::whole_lines(std::string_view lines) const {
  const std::uint64_t room =
      regular_ && max_bytes_ > 0 ? rotate_at_ - std::min(rotate_at_, size_) : kMaxWriteBytes;
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room, kMaxWriteBytes));
  if (lines.size() <= most) return lines.size();
  const std::size_t end = lines.substr(0, most).rfind('\n');
  return end != lines.npos ? end + 1 : lines.find('\n') + 1;
}

int LogFile::write(std::string_view lines, std::size_t& done) {
  if (begun_ == 0 && is_deleted()) open_path();  // where that fails, lines go where they went
  while (done < lines.size()) {
    std::string_view rest = lines.substr(done);
    if (begun_ > 0) {
      rest = rest.substr(0, rest.find('\n') + 1);
    } else {
      const bool is_over = size_ > 0 && size_ + rest.find('\n') + 1 > rotate_at_;
      if (regular_ && max_bytes_ > 0 && is_over) rotate();
      if (in_foreign_line_)
        if (const int error = end_foreign_line(); error != 0) return error;
      rest = rest.substr(0, whole_lines(rest));
    }
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return EIO;
    const auto bytes = static_cast<std::size_t>(written);
    const std::size_t line_end = rest.substr(0, bytes).rfind('\n');
    begun_ = line_end == rest.npos ? begun_ + bytes : bytes - line_end - 1;
    size_ += bytes;
    done += bytes;
  }
  return 0;
}

}  // namespace allocd
