#include "daemon/rule_folders.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "diagnostics/diagnostic.h"
#include "rulefile/rule_paths.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEntry = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t kItself = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kContent = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

bool may_be_rules(const std::string& name) {
  return !name.starts_with('.') && !name.starts_with('#') && !name.ends_with('~');
}

// As a search for rule files enters it.
bool is_entered(const std::string& name) { return !name.starts_with('.') && name != "tables"; }

std::string inside(const std::string& folder, const std::string& name) {
  return folder == "/" ? folder + name : folder + "/" + name;
}

void put_in_front(std::deque<std::string>& steps, const fs::path& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : path.relative_path()) parts.push_back(part.string());
  steps.insert(steps.begin(), parts.begin(), parts.end());
}

}  // namespace

// One renewal.
class RuleFolders::Walk {
 public:
  explicit Walk(RuleFolders& out) : out_(out) {}

  // Below a folder, if it is one.
  void enter(const std::string& top) {
    std::vector<std::string> left = {top};
    while (!left.empty()) {
      const std::string folder = std::move(left.back());
      left.pop_back();
      struct stat found {};
      if (stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) continue;
      if (entered_.size() > out_.max_folders_ ||
          !entered_.insert({found.st_dev, found.st_ino}).second)
        continue;
      if (Interests* here = watch(folder, kEntry | kItself | kContent)) here->rules = true;
      std::error_code error;
      for (fs::directory_iterator entries(folder, error), end; !error && entries != end;
           entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        std::string path = inside(folder, name);
        std::error_code ignored;
        const bool folder_inside = entries->is_directory(ignored);
        const bool wanted = folder_inside ? is_entered(name) : is_rule_file_name(name);
        // A link that leads nowhere may lead to rules some day.
        if (entries->is_symlink(ignored) &&
            (wanted || (may_be_rules(name) && !entries->exists(ignored))))
          path = follow(path);
        if (wanted && folder_inside) left.push_back(std::move(path));
      }
    }
  }

  // Where an absolute path leads, each step watched; empty where it is not there.
  std::string follow(const std::string& path) {
    constexpr int kMaxLinks = 40;  // as many as the kernel follows
    std::deque<std::string> steps;
    put_in_front(steps, path);
    std::string here = "/";
    for (int links = 0; !steps.empty();) {
      const std::string step = std::move(steps.front());
      steps.pop_front();
      if (step.empty() || step == ".") continue;
      if (step == "..") {
        here = fs::path(here).parent_path().string();
        continue;
      }
      const std::string there = inside(here, step);
      const bool last = steps.empty();
      Interests* of = watch(here, last ? kEntry | kItself | kContent : kEntry | kItself);
      if (of != nullptr) (last ? of->files : of->steps).insert(step);
      struct stat found {};
      if (lstat(there.c_str(), &found) != 0) return "";
      if (S_ISLNK(found.st_mode)) {
        if (of == nullptr && access(here.c_str(), R_OK) != 0) out_.trouble(EACCES, here);
        std::error_code error;
        const fs::path target = fs::read_symlink(there, error);
        if (error || ++links > kMaxLinks) return "";
        put_in_front(steps, target);
        if (target.is_absolute()) here = "/";
      } else {
        here = there;
      }
    }
    return here;
  }

  bool complete() const { return complete_; }
  // What is no longer of interest is not watched any more.
  void finish() {
    for (const auto& [watch, interests] : std::exchange(out_.watched_, std::move(watched_)))
      if (!out_.watched_.contains(watch)) inotify_rm_watch(out_.inotify_, watch);
  }

 private:
  // Null where the folder cannot be watched.
  Interests* watch(const std::string& folder, std::uint32_t events) {
    const auto known = by_folder_.find(folder);
    if (known != by_folder_.end() && (known->second.second & events) == events)
      return known->second.first < 0 ? nullptr : &watched_[known->second.first];
    int watch = -1;
    if (out_.inotify_ >= 0) {
      if (known == by_folder_.end() && watched_.size() >= out_.max_folders_) {
        errno = ENOSPC;
      } else {
        watch = inotify_add_watch(out_.inotify_, folder.c_str(), events | IN_ONLYDIR | IN_MASK_ADD);
      }
      // One that is not there any more was heard to go.
      if (watch < 0 && errno != ENOENT && errno != ENOTDIR) {
        complete_ = false;
        // A folder on the way that may be passed but not read is no trouble, unless links are in
        // it.
        if (errno != EACCES || (events & IN_MODIFY) != 0) out_.trouble(errno, folder);
      }
    }
    by_folder_[folder] = {watch, events};
    return watch < 0 ? nullptr : &watched_[watch];
  }

  RuleFolders& out_;
  bool complete_ = true;
  std::set<std::pair<dev_t, ino_t>> entered_;
  std::map<std::string, std::pair<int, std::uint32_t>> by_folder_;
  std::map<int, Interests> watched_;
};

RuleFolders::~RuleFolders() {
  if (inotify_ >= 0) close(inotify_);
}

bool RuleFolders::renew(const std::vector<std::string>& paths,
                        const std::vector<std::string>& tables) {
  if (inotify_ < 0) inotify_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify_ < 0) {
    trouble(errno, "");
    return false;
  }
  Walk walk(*this);
  std::error_code error;
  for (const std::string& path : paths)
    if (const std::string there = walk.follow(fs::absolute(path, error).string()); !there.empty())
      walk.enter(there);
  for (const std::string& path : tables) walk.follow(fs::absolute(path, error).string());
  walk.finish();
  return walk.complete();
}

std::vector<std::string> RuleFolders::take_troubles() { return std::exchange(troubles_, {}); }

void RuleFolders::trouble(int error, const std::string& folder) {
  if (!told_.insert(error).second) return;
  if (error == ENOSPC)
    troubles_.push_back("no inotify watches left");
  else if (folder.empty())
    troubles_.push_back(std::string("no inotify: ") + std::strerror(error));
  else
    troubles_.push_back("cannot watch " + in_backticks(folder) + ": " + std::strerror(error));
}

bool RuleFolders::heard() {
  bool out = false;
  alignas(inotify_event) char buffer[16384];
  for (ssize_t size = 0; inotify_ >= 0 && (size = read(inotify_, buffer, sizeof buffer)) > 0;) {
    for (const char* at = buffer; at < buffer + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const std::string name = event.len > 0 ? at + sizeof event : "";
      at += sizeof event + event.len;
      const auto found = watched_.find(event.wd);
      if ((event.mask & IN_Q_OVERFLOW) != 0 ||
          (found != watched_.end() && counts(event.mask, name, found->second)))
        out = true;
    }
  }
  return out;
}

bool RuleFolders::counts(unsigned mask, const std::string& name, const Interests& interests) const {
  if (name.empty() || interests.files.contains(name)) return true;
  if ((mask & kEntry) != 0)
    return interests.steps.contains(name) || (interests.rules && may_be_rules(name));
  return interests.rules && is_rule_file_name(name);
}

}  // namespace allocd
