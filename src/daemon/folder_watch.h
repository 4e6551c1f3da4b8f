// Tells when something happens in folders.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace allocd {

// Hears of files that are written, made, moved and removed directly in the folders. For one thread.
class FolderWatch {
 public:
  // In place of a folder that is not there, the nearest one above it is watched. Throws
  // std::system_error where the system has no watch left.
  explicit FolderWatch(const std::vector<std::string>& folders);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Waits until something happened since it was made, and then nothing for `quiet`, or until ten
  // times that long have passed. What happened may be of no interest, or over again.
  void wait(std::chrono::milliseconds quiet);

 private:
  void forget_events();

  int inotify_ = -1;
};

}  // namespace allocd
