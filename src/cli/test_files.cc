#include "cli/test_files.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <poll.h>
#include <sys/stat.h>
#include <utility>

#include "daemon/rule_folders.h"
#include "rulefile/rule_paths.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kQuiet(200);
constexpr std::chrono::milliseconds kPoll(1000);  // where not everything can be heard
constexpr std::size_t kMaxFolders = 8192;

bool is_readable(int descriptor, std::chrono::milliseconds patience) {
  pollfd waited{descriptor, POLLIN, 0};
  return poll(&waited, 1, static_cast<int>(patience.count())) > 0;
}

// Until something is heard, and then nothing for a moment, or for ten times as long.
void wait_for_rest(RuleFolders& folders) {
  while (!folders.heard()) is_readable(folders.descriptor(), std::chrono::milliseconds(-1));
  const auto end = std::chrono::steady_clock::now() + 10 * kQuiet;
  while (is_readable(folders.descriptor(), kQuiet) && std::chrono::steady_clock::now() < end)
    folders.heard();
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

void TestFiles::wait_for_change() const {
  std::vector<std::string> files;
  for (const auto& [path, stamp] : seen_) files.push_back(path);
  RuleFolders folders(kMaxFolders);
  for (;;) {
    const bool hears_all = folders.renew(paths_, files);
    // Behind the watch: what changes from here on is heard.
    if (have_changed()) return;
    if (hears_all) {
      wait_for_rest(folders);
    } else {
      is_readable(folders.descriptor(), kPoll);
    }
  }
}

}  // namespace allocd
