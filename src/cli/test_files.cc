#include "cli/test_files.h"

#include <chrono>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "daemon/folder_watch.h"
#include "rulefile/rule_paths.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kQuiet(200);

// `root` and all folders in it but hidden ones. What cannot be read is left out; the load says why.
void add_folders(const std::string& root, std::set<std::string>& out) {
  std::error_code error;
  if (!fs::is_directory(root, error)) return;
  out.insert(root);
  for (fs::recursive_directory_iterator entries(root, error), end; !error && entries != end;
       entries.increment(error)) {
    std::error_code ignored;
    if (!entries->is_directory(ignored)) continue;
    if (entries->path().filename().string().starts_with('.')) {
      entries.disable_recursion_pending();
    } else {
      out.insert(entries->path().string());
    }
  }
}

}  // namespace

TestFiles::Stamps TestFiles::look() const {
  Stamps out;
  const auto add = [&](const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) found = {};
    out[path] = {found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec, found.st_size,
                 found.st_ino};
  };
  Diagnostics ignored;
  for (const RulePath& file : find_rule_files(paths_, ignored)) add(file.path);
  for (const RulePath& file : find_test_files(paths_, ignored)) add(file.path);
  for (const std::string& path : others_) add(path);
  return out;
}

void TestFiles::add(const LoadedRules& rules, const LoadedTests& tests) {
  const std::vector<std::string> before = std::exchange(others_, tests.body_files);
  if (rules.spec)
    for (const LookupSpec& lookup : rules.spec->lookups)
      if (const SourceFile* file = lookup.table.range.file)
        others_.push_back((fs::path(file->path()).parent_path() / lookup.table.value).string());
  // Those that nobody looked at before have not changed yet; those that nobody needs do not count.
  const Stamps now = look();
  for (const std::string& path : others_) seen_.emplace(path, now.at(path));
  for (const std::string& path : before)
    if (!now.contains(path)) seen_.erase(path);
}

std::vector<std::string> TestFiles::folders() const {
  std::set<std::string> out;
  for (const std::string& path : paths_) {
    add_folders(path, out);
    // Where the path itself may be replaced.
    const fs::path normal = fs::path(path).lexically_normal();
    out.insert((normal.has_filename() ? normal : normal.parent_path()).parent_path().string());
  }
  // Folders behind links as well.
  for (const auto& [path, stamp] : seen_) out.insert(fs::path(path).parent_path().string());
  return {out.begin(), out.end()};
}

void TestFiles::wait_for_change() const {
  for (;;) {
    FolderWatch watch(folders());
    // Behind the watch: what changes from here on is heard.
    if (have_changed()) return;
    watch.wait(kQuiet);
  }
}

}  // namespace allocd
