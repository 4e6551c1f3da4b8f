#include "support/terminal.h"

#include <pty.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace allocd::test {

std::string output_on_terminal(const std::vector<std::string>& arguments) {
  int ours = -1;
  int theirs = -1;
  if (openpty(&ours, &theirs, nullptr, nullptr, nullptr) != 0) throw std::runtime_error("openpty");
  // Line breaks as they are written.
  termios settings{};
  tcgetattr(theirs, &settings);
  cfmakeraw(&settings);
  tcsetattr(theirs, TCSANOW, &settings);

  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_adddup2(&actions, theirs, fd);
  posix_spawn_file_actions_addclose(&actions, ours);
  posix_spawn_file_actions_addclose(&actions, theirs);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(theirs);
  std::string out;
  if (error == 0) {
    // The terminal hangs up when the last one that holds it ends.
    char buffer[4096];
    for (ssize_t got = 0; (got = read(ours, buffer, sizeof buffer)) > 0;)
      out.append(buffer, static_cast<std::size_t>(got));
    waitpid(pid, nullptr, 0);
  }
  close(ours);
  if (error != 0) throw std::runtime_error("cannot start " + arguments[0]);
  return out;
}

}  // namespace allocd::test
