#include "simulator/registration_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

constexpr std::size_t kChunk = 1 << 20;
// A file with fewer lines beyond those that count is left as it is.
constexpr std::size_t kManyLines = 1000;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw StateError{"the state " + in_backticks(path) + " cannot be used: " + why};
}

[[noreturn]] void refuse(const std::string& path) { refuse(path, std::strerror(errno)); }

int open_locked(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) refuse(path);
  struct stat what {};
  if (fstat(file, &what) != 0 || !S_ISREG(what.st_mode)) {
    close(file);
    refuse(path, "it is no regular file");
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const bool in_use = errno == EWOULDBLOCK;
    close(file);
    refuse(path, in_use ? "another process uses it" : std::strerror(errno));
  }
  return file;
}

// Whether the path still leads to the open file: another process may have put a new one there
// between our opening and our locking it.
bool leads_to(const std::string& path, int file) {
  struct stat there {};
  struct stat here {};
  return stat(path.c_str(), &there) == 0 && fstat(file, &here) == 0 &&
         there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "cannot write the state");
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

RegistrationStore::RegistrationStore(const std::string& path) {
  file_ = open_locked(path, 0);
  if (!leads_to(path, file_)) {
    close(file_);
    refuse(path, "another process uses it");
  }
  try {
    read(path);
    if (lines_ > 2 * by_id_.size() + kManyLines) compact(path);
  } catch (...) {
    close(file_);
    throw;
  }
}

RegistrationStore::~RegistrationStore() {
  if (file_ >= 0) close(file_);
}

void RegistrationStore::read(const std::string& path) {
  std::string text;  // of a line that goes on
  std::string chunk(kChunk, '\0');
  for (off_t at = 0;;) {
    const ssize_t count = pread(file_, chunk.data(), chunk.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(path);
    if (count == 0) break;
    at += count;
    text.append(chunk, 0, static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
      ++lines_;
      auto registration = read_registration(std::string_view(text).substr(begin, end - begin));
      if (!registration) refuse(path, "line " + std::to_string(lines_) + " is no registration");
      by_id_.insert_or_assign(lower(registration->id), std::move(*registration));
    }
    size_ += static_cast<off_t>(begin);
    text.erase(0, begin);
  }
  if (!text.empty() && ftruncate(file_, size_) != 0) refuse(path);
}

// INVARIANT: whoever begins while this is done, or after it was killed, finds the old file or the
// new one, and one that is locked while we live.
void RegistrationStore::compact(const std::string& path) {
  const std::string scratch = path + ".new";
  unlink(scratch.c_str());  // of one who died
  const int file = open_locked(scratch, O_EXCL);
  try {
    std::string text;
    for (const auto& [id, registration] : by_id_) text += registration_text(registration) + '\n';
    write_all(file, text);
    if (fsync(file) != 0 || std::rename(scratch.c_str(), path.c_str()) != 0) refuse(path);
    size_ = static_cast<off_t>(text.size());
  } catch (const std::system_error& error) {
    close(file);
    refuse(path, error.code().message());
  } catch (...) {
    close(file);
    throw;
  }
  close(std::exchange(file_, file));
  lines_ = by_id_.size();
}

void RegistrationStore::append(const std::string& line) {
  try {
    write_all(file_, line);
  } catch (...) {
    // What was begun would spoil the next line.
    while (ftruncate(file_, size_) != 0 && errno == EINTR) {}
    throw;
  }
  size_ += static_cast<off_t>(line.size());
}

void RegistrationStore::put(Registration registration) {
  const std::lock_guard lock(mutex_);
  if (file_ >= 0) append(registration_text(registration) + '\n');
  std::string id = lower(registration.id);
  by_id_.insert_or_assign(std::move(id), std::move(registration));
}

std::optional<Registration> RegistrationStore::find(std::string_view id) const {
  const std::string small = lower(id);
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(small);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

std::vector<Registration> RegistrationStore::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Registration> out;
  out.reserve(by_id_.size());
  for (const auto& [id, registration] : by_id_) out.push_back(registration);
  return out;
}

}  // namespace allocd
