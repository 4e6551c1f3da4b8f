#include "support/process.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace allocd::test {

namespace {

using Clock = std::chrono::steady_clock;

int left(Clock::time_point end) {
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(millis, 0));
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  const int error = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  pipe_ = ends[0];
  if (error != 0) {
    close(pipe_);
    throw std::runtime_error("cannot start " + arguments[0]);
  }
}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pipe_);
}

Process::Heard Process::listen(int milliseconds) {
  pollfd fd{pipe_, POLLIN, 0};
  if (poll(&fd, 1, milliseconds) <= 0) return Heard::Nothing;
  char buffer[4096];
  const ssize_t got = read(pipe_, buffer, sizeof buffer);
  if (got <= 0) return Heard::End;
  output_.append(buffer, static_cast<std::size_t>(got));
  return Heard::Something;
}

std::optional<std::string> Process::output_with(std::string_view text, int seconds) {
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  std::size_t searched = 0;
  while (output_.find(text, searched) == std::string::npos) {
    searched = output_.size() - std::min(output_.size(), text.size());
    if (listen(left(end)) != Heard::Something) return std::nullopt;
  }
  return output_;
}

void Process::send_signal(int signal) { kill(pid_, signal); }

std::optional<int> Process::exit_code(int seconds) {
  // Its outputs end with it: that can be waited for with a bound, unlike its exit code.
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  Heard heard = Heard::Something;
  while (heard == Heard::Something) heard = listen(left(end));
  if (heard == Heard::Nothing) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (!WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "allocd-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, std::string_view text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace allocd::test
