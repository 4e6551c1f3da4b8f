#include "daemon/durable_file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

[[noreturn]] void fail(int error, const std::string& path) {
  throw std::system_error(error, std::generic_category(), "cannot write " + in_backticks(path));
}

class Opened {
 public:
  Opened(const std::string& path, int flags)
      : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (fd_ < 0) fail(errno, path_);
  }
  ~Opened() { close(fd_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  void write_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = write(fd_, text.data(), text.size());
      if (count < 0 && errno != EINTR) fail(errno, path_);
      if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void sync() {
    if (fsync(fd_) != 0) fail(errno, path_);
  }

 private:
  const std::string& path_;
  int fd_;
};

}  // namespace

void write_new_file(const std::string& path, std::string_view text) {
  Opened(path, O_WRONLY | O_CREAT | O_EXCL).write_all(text);
}

void sync_path(const std::string& path) { Opened(path, O_RDONLY).sync(); }

void replace_file(const std::string& path, const std::string& scratch, std::string_view text) {
  unlink(scratch.c_str());  // of one who died
  write_new_file(scratch, text);
  sync_path(scratch);
  if (std::rename(scratch.c_str(), path.c_str()) != 0) fail(errno, path);
  sync_path(folder_of(path));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace allocd
