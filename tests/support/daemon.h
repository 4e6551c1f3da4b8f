// `allocd serve`, started by a test on free ports, with what can be seen of it from outside.
#pragma once

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

#include "support/process.h"

namespace allocd::test {

// One rule, for the tutorial's toasters; that toaster; and what it is told.
extern const char* const kToasterRules;
extern const char* const kToaster;
extern const char* const kToasterAnswer;

class Daemon {
 public:
  // Serves kToasterRules, unless `options` have `--rules`. `command` is the program, and in front
  // of it what starts it. Throws std::runtime_error where it does not come up.
  explicit Daemon(std::vector<std::string> options = {},
                  std::vector<std::string> command = {ALLOCD_BINARY});
  Process* operator->() { return &process_; }
  // One of the rule files that it has by itself.
  void write_rules(const std::string& name, const std::string& text) const {
    folder_.write(name, text);
  }

  pid_t pid() const { return process_.pid(); }
  // Memory that it has at the moment, and the most that it ever had.
  std::size_t resident_bytes() const;
  std::size_t peak_bytes() const;
  std::size_t threads() const;
  std::size_t descriptors() const;
  // Of processor time, used by all its threads since its start.
  double cpu_seconds() const;

  std::string webhook;
  std::string admin;

 private:
  std::vector<std::string> arguments(std::vector<std::string> options,
                                     std::vector<std::string> command) const;
  std::size_t status(const std::string& name) const;

  TemporaryFolder folder_;
  Process process_;
};

}  // namespace allocd::test
