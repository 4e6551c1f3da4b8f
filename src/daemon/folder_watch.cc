#include "daemon/folder_watch.h"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <poll.h>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace allocd {
namespace {

constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Whether there is something to read; waits for ever where `milliseconds` is -1.
bool hears(int inotify, int milliseconds) {
  pollfd waited{inotify, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&waited, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) fail("cannot wait for changes");
  return ready > 0;
}

}  // namespace

FolderWatch::FolderWatch(const std::vector<std::string>& folders)
    : inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (inotify_ < 0) fail("cannot watch folders");
  for (const std::string& folder : folders) {
    std::filesystem::path place = folder.empty() ? "." : folder;
    while (inotify_add_watch(inotify_, place.c_str(), kEvents | IN_ONLYDIR) < 0) {
      if (errno == ENOSPC || errno == ENOMEM) {
        const int why = errno;
        close(inotify_);
        throw std::system_error(why, std::generic_category(), "cannot watch " + place.string());
      }
      const std::filesystem::path above = place.has_parent_path() ? place.parent_path() : ".";
      if (above == place) break;
      place = above;
    }
  }
}

FolderWatch::~FolderWatch() { close(inotify_); }

void FolderWatch::wait(std::chrono::milliseconds quiet) {
  hears(inotify_, -1);
  const auto end = std::chrono::steady_clock::now() + 10 * quiet;
  do {
    forget_events();
  } while (hears(inotify_, static_cast<int>(quiet.count())) &&
           std::chrono::steady_clock::now() < end);
}

void FolderWatch::forget_events() {
  char buffer[4096];
  while (read(inotify_, buffer, sizeof buffer) > 0) continue;
}

}  // namespace allocd
