#include "cli/request_files.h"

#include <cerrno>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;

[[noreturn]] void fail(const std::string& what, const std::string& name, int error) {
  throw std::runtime_error(what + ' ' + in_backticks(name) + ": " +
                           std::generic_category().message(error));
}

}  // namespace

void RequestFiles::open(const std::string& path) {
  Entry entry;
  entry.name = path == "-" ? "standard input" : path;
  if (path == "-") {
    const int copy = ::dup(STDIN_FILENO);
    if (copy >= 0) entry.file.reset(::fdopen(copy, "rb"));
  } else {
    entry.file.reset(std::fopen(path.c_str(), "rbe"));
  }
  struct stat status {};
  if (!entry.file || ::fstat(::fileno(entry.file.get()), &status) != 0)
    fail("cannot read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("cannot read", path, EISDIR);
  entry.is_regular = path != "-" && S_ISREG(status.st_mode);
  if (entry.is_regular) {
    entry.bytes = static_cast<std::uint64_t>(status.st_size);
  } else {
    entry.copy.reset(std::tmpfile());
    if (!entry.copy) fail("cannot make a temporary file for", entry.name, errno);
  }
  files_.push_back(std::move(entry));
}

std::uint64_t RequestFiles::bytes() const {
  std::uint64_t sum = 0;
  for (const Entry& entry : files_) {
    if (!entry.is_regular) return 0;
    sum += entry.bytes;
  }
  return sum;
}

void RequestFiles::read(std::size_t file, const std::function<void(std::string_view)>& take) {
  Entry& entry = files_[file];
  std::string chunk(kChunkBytes, '\0');
  for (;;) {
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), entry.file.get());
    if (std::ferror(entry.file.get()) != 0) fail("cannot read", entry.name, errno);
    if (got == 0) break;
    if (entry.copy && std::fwrite(chunk.data(), 1, got, entry.copy.get()) != got)
      fail("cannot keep a copy of", entry.name, errno);
    take(std::string_view(chunk).substr(0, got));
  }
  if (entry.copy) entry.file = std::move(entry.copy);
}

std::string RequestFiles::read_at(const RecordedPlace& place) {
  Entry& entry = files_[place.file];
  std::string text(place.bytes, '\0');
  if (::fseeko(entry.file.get(), static_cast<off_t>(place.offset), SEEK_SET) != 0)
    fail("cannot read", entry.name, errno);
  if (std::fread(text.data(), 1, text.size(), entry.file.get()) != text.size())
    throw std::runtime_error(in_backticks(entry.name) + " changed while it was read");
  return text;
}

}  // namespace allocd
