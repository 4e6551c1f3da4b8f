// A program that a test starts, listens to and ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace allocd::test {

class Process {
 public:
  // Starts `arguments[0]`. Throws std::runtime_error where that fails.
  explicit Process(const std::vector<std::string>& arguments);
  // Kills what still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Reads what the program writes, on either output, until `text` has come up; all of it so far.
  // Nothing where it ends, or stays silent for `seconds`, before.
  std::optional<std::string> output_with(std::string_view text, int seconds = 20);
  void send_signal(int signal);
  // Its exit code, once it has ended; nothing where it was killed or takes more than `seconds`.
  std::optional<int> exit_code(int seconds = 20);
  const std::string& output() const { return output_; }
  // What was written so far does not count for output_with() any more.
  void forget_output() { output_.clear(); }
  pid_t pid() const { return pid_; }

 private:
  enum class Heard { Something, End, Nothing };
  Heard listen(int milliseconds);

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string output_;
};

// All of a file; empty where there is none.
std::string read_file(const std::string& path);

// A folder of its own, removed at the end with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file in it; returns its path.
  std::string write(const std::string& name, std::string_view text) const;

 private:
  std::string path_;
};

}  // namespace allocd::test
