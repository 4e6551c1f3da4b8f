#include "rulefile/text_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace allocd {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::optional<std::string> read_text_file(const std::string& path, std::string& why) {
  const Descriptor file(path);
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    why = std::strerror(errno);
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    why = "not a regular file";
    return std::nullopt;
  }
  const std::string too_large = "larger than " + std::to_string(kMaxFileBytes >> 20) + " MiB";
  std::string text;
  if (const auto size = static_cast<std::size_t>(status.st_size); size <= kMaxFileBytes) {
    text.reserve(size);
  } else {
    why = too_large;
    return std::nullopt;
  }
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      why = std::strerror(errno);
      return std::nullopt;
    }
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kMaxFileBytes) {
      why = too_large;
      return std::nullopt;
    }
  }
}

}  // namespace allocd
