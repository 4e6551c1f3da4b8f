#include "daemon/last_good.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "daemon/durable_file.h"
#include "daemon/set_manifest.h"
#include "diagnostics/diagnostic.h"
#include "rulefile/text_file.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

// In the folder: `current`, the checksums of the set to take and of the one before; each set as a
// folder that is called by the checksum of its manifest, with the files by their numbers;
// `refused`; `lock`; and what is being written.
constexpr const char* kCurrent = "/current";
constexpr const char* kRefused = "/refused";
constexpr const char* kLock = "/lock";
constexpr const char* kManifest = "/manifest";
constexpr const char* kScratchFile = "/tmp-file";
constexpr const char* kScratchFolder = "/tmp-XXXXXX";
constexpr std::string_view kScratch = "tmp-";
constexpr std::string_view kRefusedHead = "allocd refused rules 1\n";

[[noreturn]] void fail(int error, const std::string& path) {
  throw std::system_error(error, std::generic_category(), "cannot write " + in_backticks(path));
}

void make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0)
    sync_path(folder_of(path));
  else if (errno != EEXIST)
    fail(errno, path);
}

// Its own folder stays closed to others, also where it was restored from a copy.
void make_closed_folder(const std::string& path) {
  make_folder(path);
  struct stat found {};
  if (stat(path.c_str(), &found) == 0 && (found.st_mode & 077U) != 0) chmod(path.c_str(), 0700);
}

// One process at a time, for as long as it lives.
class Lock {
 public:
  Lock(const std::string& path, int flags, int how)
      : fd_(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    constexpr int kTries = 200;
    constexpr std::chrono::milliseconds kPause(10);
    for (int i = 0; fd_ >= 0 && i < kTries && !held_; ++i) {
      held_ = flock(fd_, how | LOCK_NB) == 0;
      if (!held_) std::this_thread::sleep_for(kPause);
    }
  }
  ~Lock() {
    if (fd_ >= 0) close(fd_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  int descriptor() const { return fd_; }
  bool is_held() const { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

// Throws where another does not let go, or nothing can be written.
std::unique_ptr<Lock> lock_to_write(const std::string& folder) {
  auto lock = std::make_unique<Lock>(folder + kLock, O_RDWR | O_CREAT, LOCK_EX);
  if (lock->descriptor() < 0) fail(errno, folder + kLock);
  if (!lock->is_held()) fail(EWOULDBLOCK, folder + kLock);
  return lock;
}

// Removed at the end with what is in it, unless it was moved away.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& folder) : path_(folder + kScratchFolder) {
    if (mkdtemp(path_.data()) == nullptr) fail(errno, path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string numbered(const std::string& folder, std::size_t number) {
  return folder + "/" + std::to_string(number);
}

// All files in the order of the manifest.
std::vector<const SourceFile*> files_of(const LoadedRules& loaded) {
  std::vector<const SourceFile*> out;
  for (const auto& file : loaded.sources) out.push_back(file.get());
  for (const auto& file : loaded.table_sources) out.push_back(file.get());
  return out;
}

SetManifest manifest_of(const LoadedRules& loaded) {
  SetManifest out{loaded.revision, {}};
  for (const SourceFile* file : files_of(loaded))
    out.files.push_back({out.files.size() >= loaded.sources.size(), file->path(), file->name(),
                         file->text().size(), checksum_of(file->text())});
  return out;
}

struct StoredSet {
  std::string revision;
  std::vector<std::unique_ptr<SourceFile>> files;
  std::vector<std::unique_ptr<SourceFile>> tables;
};

// Every byte checked; nothing, and the reason, where one is not as it was.
std::optional<StoredSet> read_set(const std::string& folder, std::string& why) {
  const auto read_checked = [&](const std::string& name, std::string_view checksum) {
    auto text = read_text_file(folder + "/" + name, why);
    if (text && checksum_of(*text) != checksum) {
      why = "it is not what was saved";
      text.reset();
    }
    if (!text) why = "file " + in_backticks(name) + ": " + why;
    return text;
  };
  const auto text = read_checked("manifest", fs::path(folder).filename().string());
  if (!text) return std::nullopt;
  const auto manifest = parse_manifest(*text);
  if (!manifest) {
    why = "another version of allocd wrote it";
    return std::nullopt;
  }
  StoredSet out{manifest->revision, {}, {}};
  for (std::size_t i = 0; i < manifest->files.size(); ++i) {
    const StoredFile& file = manifest->files[i];
    const auto bytes = read_checked(std::to_string(i), file.checksum);
    if (!bytes) return std::nullopt;
    // SourceFile takes one byte order mark away, which may have been a second one before.
    (file.is_table ? out.tables : out.files)
        .push_back(std::make_unique<SourceFile>(file.path, file.name, "\xEF\xBB\xBF" + *bytes));
  }
  return out;
}

bool is_whole(const std::string& folder) {
  std::string ignored;
  return read_set(folder, ignored).has_value();
}

void write_set(const LoadedRules& loaded, const std::string& manifest, const std::string& folder) {
  const ScratchFolder scratch(folder_of(folder));
  const std::vector<const SourceFile*> files = files_of(loaded);
  for (std::size_t i = 0; i < files.size(); ++i)
    write_new_file(numbered(scratch.path(), i), files[i]->text());
  write_new_file(scratch.path() + kManifest, manifest);
  // Only now: the system writes them together.
  for (std::size_t i = 0; i < files.size(); ++i) sync_path(numbered(scratch.path(), i));
  sync_path(scratch.path() + kManifest);
  sync_path(scratch.path());
  std::error_code ignored;
  fs::remove_all(folder, ignored);  // one that was no longer whole
  if (std::rename(scratch.path().c_str(), folder.c_str()) != 0) fail(errno, folder);
  sync_path(folder_of(folder));
}

// What `current` names, the newest first; nothing and the reason where it names none.
std::vector<std::string> read_current(const std::string& folder, std::string& why) {
  const auto text = read_text_file(folder + kCurrent, why);
  std::vector<std::string> out;
  for (std::string_view left = text ? *text : std::string_view(); !left.empty();) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    if (is_checksum(left.substr(0, end))) out.emplace_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  if (text && out.empty()) why = "it is not what was saved";
  return out;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator entries(folder, error), end; !error && entries != end;
       entries.increment(error))
    out.push_back(entries->path().filename().string());
  return out;
}

// The sets that `current` does not name: all there is where it is lost. The newest first.
std::vector<std::string> other_sets(const std::string& folder,
                                    const std::vector<std::string>& named) {
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  for (const std::string& name : names_in(folder)) {
    std::error_code ignored;
    if (is_checksum(name) && std::find(named.begin(), named.end(), name) == named.end())
      found.emplace_back(fs::last_write_time(folder + "/" + name, ignored), name);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> out;
  for (auto& [time, name] : found) out.push_back(std::move(name));
  return out;
}

void remove_others(const std::string& folder, const std::vector<std::string>& kept) {
  for (const std::string& name : names_in(folder)) {
    std::error_code ignored;
    const bool is_old =
        is_checksum(name) && std::find(kept.begin(), kept.end(), name) == kept.end();
    if (is_old || name.starts_with(kScratch)) fs::remove_all(folder + "/" + name, ignored);
  }
}

// Runs what may throw.
template <typename Work>
std::optional<std::string> error_of(const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace

LastGood::LastGood(const std::string& state_folder)
    : state_(state_folder), folder_(state_folder + "/last-good") {}

std::optional<std::string> LastGood::save(const LoadedRules& loaded) const {
  if (!loaded.rules || loaded.tables.size() != loaded.table_sources.size())
    return "a rule set is saved only with all that it was made of";
  return error_of([&] {
    const std::string manifest = manifest_text(manifest_of(loaded));
    const std::string set = checksum_of(manifest);
    make_folder(state_);
    make_closed_folder(folder_);
    const auto lock = lock_to_write(folder_);
    if (!is_whole(folder_ + "/" + set)) write_set(loaded, manifest, folder_ + "/" + set);
    std::string ignored;
    std::vector<std::string> sets = read_current(folder_, ignored);
    if (sets.empty() || sets[0] != set) {
      std::erase(sets, set);
      sets.insert(sets.begin(), set);
      sets.resize(std::min<std::size_t>(sets.size(), 2));
      std::string text;
      for (const std::string& name : sets) text += name + '\n';
      replace_file(folder_ + kCurrent, folder_ + kScratchFile, text);
    }
    remove_others(folder_, sets);
  });
}

LastGood::Loaded LastGood::load() const {
  Loaded out;
  const auto error = error_of([&] {
    std::error_code absent;
    if (!fs::exists(folder_, absent) && !absent) return;
    // So that nobody removes what is being read; whoever may not lock reads as well.
    const Lock lock(folder_ + kLock, O_RDONLY, LOCK_SH);
    std::string why;
    std::vector<std::string> sets = read_current(folder_, why);
    const std::vector<std::string> others = other_sets(folder_, sets);
    if (sets.empty() && (!others.empty() || absent || access(folder_.c_str(), R_OK | X_OK) != 0))
      out.troubles.push_back("cannot read " + in_backticks(folder_ + kCurrent) + ": " + why);
    sets.insert(sets.end(), others.begin(), others.end());
    for (const std::string& name : sets) {
      if (auto set = read_set(folder_ + "/" + name, why)) {
        LoadedRules loaded = load_rules_from(set->files, {}, set->tables);
        loaded.sources = std::move(set->files);
        if (loaded.rules && loaded.revision == set->revision) {
          out.rules = std::move(loaded);
          return;
        }
        why = "this version of allocd reads it in another way";
      }
      out.troubles.push_back("the rule set saved in " + in_backticks(folder_ + "/" + name) +
                             " is of no use: " + why);
    }
  });
  if (error) out.troubles.push_back(*error);
  return out;
}

std::optional<std::string> LastGood::remember_refused(const RefusedRules& refused) const {
  return error_of([&] {
    make_folder(state_);
    make_closed_folder(folder_);
    const auto lock = lock_to_write(folder_);
    const std::string text = refused.revision + '\n' + refused.report;
    replace_file(folder_ + kRefused, folder_ + kScratchFile,
                 std::string(kRefusedHead) + checksum_of(text) + '\n' + text);
  });
}

std::optional<std::string> LastGood::forget_refused() const {
  return error_of([&] {
    const std::string path = folder_ + kRefused;
    if (unlink(path.c_str()) == 0)
      sync_path(folder_);
    else if (errno != ENOENT)
      fail(errno, path);
  });
}

std::optional<RefusedRules> LastGood::refused(std::string& trouble) const {
  std::optional<RefusedRules> out;
  trouble.clear();
  const std::string path = folder_ + kRefused;
  const auto error = error_of([&] {
    std::string why;
    struct stat found {};
    if (stat(path.c_str(), &found) != 0 && errno == ENOENT) return;
    const auto text = read_text_file(path, why);
    constexpr std::size_t kChecksum = 64;
    const std::size_t begin = kRefusedHead.size() + kChecksum + 1;
    const std::size_t end = text ? text->find('\n', begin) : std::string::npos;
    if (end != std::string::npos && text->starts_with(kRefusedHead) &&
        text->substr(kRefusedHead.size(), kChecksum) == checksum_of(text->substr(begin)))
      out = {text->substr(begin, end - begin), text->substr(end + 1)};
    else
      trouble =
          "cannot read " + in_backticks(path) + ": " + (text ? "it is not what was saved" : why);
  });
  if (error) trouble = *error;
  return out;
}

}  // namespace allocd
