// Which files a run of tests depends on, and whether one of them changed.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rulefile/load_rules.h"
#include "rulefile/load_tests.h"

namespace allocd {

class TestFiles {
 public:
  // `paths` as they stand on the command line.
  explicit TestFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // To be called before the files are read: changes count from here.
  void begin() { seen_ = look(); }
  // Tables and requests count, too, wherever they are, and whether they are there or not.
  void add(const LoadedRules& rules, const LoadedTests& tests);
  // Whether any of them changed since begin(): a new rule file is a change, a file of another kind
  // is not.
  bool have_changed() const { return look() != seen_; }
  // Waits for that. Comes back when files have been left alone for a moment.
  void wait_for_change() const;

 private:
  // What a look at a file tells: change time, size, inode; all 0 where there is none.
  using Stamp = std::tuple<long long, long long, unsigned long long>;
  using Stamps = std::map<std::string, Stamp>;

  Stamps look() const;

  std::vector<std::string> paths_;
  std::vector<std::string> others_;  // tables and requests
  Stamps seen_;
};

}  // namespace allocd
