// Hears when something happens to the files that a rule set is made of, wherever links lead.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace allocd {

// Watches folders, not files: the one of each step on the way to a path, of what it links to, and
// all that may hold rule files. For one thread.
class RuleFolders {
 public:
  // Of more than `max_folders` nothing is heard.
  explicit RuleFolders(std::size_t max_folders) : max_folders_(max_folders) {}
  ~RuleFolders();
  RuleFolders(const RuleFolders&) = delete;
  RuleFolders& operator=(const RuleFolders&) = delete;

  // Watches what there is now: rule files in and behind `paths`, and `tables`. What is not there is
  // awaited. A folder is watched before it is read, so that nothing happens unheard between. Says
  // false where something cannot be watched.
  bool renew(const std::vector<std::string>& paths, const std::vector<std::string>& tables);
  // Why something cannot be watched, each reason once, whatever number of folders has it.
  std::vector<std::string> take_troubles();

  // Readable when something happened; -1 where nothing is heard at all.
  int descriptor() const { return inotify_; }
  // Takes what happened, and says whether any of it may have changed the set.
  bool heard();

 private:
  // What counts in a folder.
  struct Interests {
    bool rules = false;           // whatever may be a rule file or a folder
    std::set<std::string> files;  // anything that happens to these
    std::set<std::string> steps;  // these come, go or are replaced
  };
  class Walk;

  bool counts(unsigned mask, const std::string& name, const Interests& interests) const;
  void trouble(int error, const std::string& folder);

  std::size_t max_folders_;
  int inotify_ = -1;
  std::map<int, Interests> watched_;
  std::set<int> told_;  // reasons, as errno
  std::vector<std::string> troubles_;
};

}  // namespace allocd
