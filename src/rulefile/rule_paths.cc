#include "rulefile/rule_paths.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

namespace allocd {
namespace {

namespace fs = std::filesystem;

enum class Wanted { Rules, Tests };

bool is_wanted(std::string_view name, Wanted wanted) {
  if (name.starts_with('.') || name.starts_with('#') || name.ends_with('~')) return false;
  if (is_test_file_name(name)) return wanted == Wanted::Tests;
  return wanted == Wanted::Rules && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

void report(const std::string& path, const char* code, const std::string& why,
            Diagnostics& diagnostics, std::string help = {}) {
  diagnostics.file_error(path, code, why, std::move(help));
}

// Collects below one directory. Links are followed, but no directory is entered twice.
class DirectorySearch {
 public:
  DirectorySearch(const std::string& root, Wanted wanted, Diagnostics& diagnostics)
      : root_(root), wanted_(wanted), diagnostics_(diagnostics) {}

  std::vector<RulePath> run() {
    enter(root_, "");
    std::sort(found_.begin(), found_.end(),
              [](const RulePath& a, const RulePath& b) { return a.name < b.name; });
    return std::move(found_);
  }

 private:
  void enter(const std::string& directory, const std::string& relative) {
    std::error_code error;
    if (!entered_.insert(fs::canonical(directory, error)).second) return;
    fs::directory_iterator entries(directory, error);
    if (error)
      return report(directory, "unreadable-file", "cannot read the directory: " + error.message(),
                    diagnostics_);
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      const std::string name = entries->path().filename().string();
      const std::string path = directory + "/" + name;
      std::error_code ignored;
      if (fs::is_directory(path, ignored)) {
        if (!name.starts_with('.') && name != "tables") enter(path, relative + name + "/");
      } else if (is_wanted(name, wanted_)) {
        found_.push_back({path, relative + name});
      }
    }
    if (error)
      report(directory, "unreadable-file", "cannot read the directory: " + error.message(),
             diagnostics_);
  }

  std::string root_;
  Wanted wanted_;
  Diagnostics& diagnostics_;
  std::set<fs::path> entered_;
  std::vector<RulePath> found_;
};

std::vector<RulePath> find_files(const std::vector<std::string>& paths, Wanted wanted,
                                 Diagnostics& diagnostics) {
  std::vector<RulePath> out;
  std::set<std::string> seen;
  for (std::string path : paths) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    std::vector<RulePath> found;
    if (!fs::exists(status)) {
      report(path, "no-such-file",
             error && status.type() == fs::file_type::none ? error.message()
                                                           : "no such file or directory",
             diagnostics);
    } else if (fs::is_directory(status)) {
      found = DirectorySearch(path, wanted, diagnostics).run();
      if (found.empty() && wanted == Wanted::Rules)
        report(path, "no-rules", "no rule file in this directory", diagnostics,
               "rule files end in `.yaml` or `.yml`; hidden ones and `*.test.yaml` do not count");
    } else {
      found.push_back({path, fs::path(path).filename().string()});
    }
    for (RulePath& file : found) {
      if (!seen.insert(fs::weakly_canonical(file.path, error).string()).second) continue;
      // Names tell files apart only within one directory.
      if (paths.size() > 1) file.name = file.path;
      out.push_back(std::move(file));
    }
  }
  return out;
}

}  // namespace

std::vector<RulePath> find_rule_files(const std::vector<std::string>& paths,
                                      Diagnostics& diagnostics) {
  return find_files(paths, Wanted::Rules, diagnostics);
}

std::vector<RulePath> find_test_files(const std::vector<std::string>& paths,
                                      Diagnostics& diagnostics) {
  return find_files(paths, Wanted::Tests, diagnostics);
}

bool is_rule_file_name(std::string_view name) { return is_wanted(name, Wanted::Rules); }

bool is_test_file_name(std::string_view path) {
  return path.ends_with(".test.yaml") || path.ends_with(".test.yml");
}

}  // namespace allocd
