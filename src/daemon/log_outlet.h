// Lines of the daemon's own log, on their way to whoever reads them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace allocd {

struct LogLine {
  std::string text;                  // with its line end
  std::vector<std::string> journal;  // the fields, where it goes there
};

// A thread of its own writes the lines, in their order: whoever logs never waits for a pipe that is
// full, a terminal that is held or a journal that hangs. What finds no room is dropped, and a line
// in its place tells how many those were.
class LogOutlet {
 public:
  // Gets what has come up meanwhile, and may wait. Uses nothing that ends before the process does:
  // one that still waits when the outlet ends is left behind.
  using Write = std::function<void(const std::vector<LogLine>&)>;
  // The line about so many that are missing.
  using Missing = std::function<LogLine(std::uint64_t)>;

  static constexpr std::size_t kMaxLines = 10'000;
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20U;

  // Throws std::system_error where the machine has no thread left.
  LogOutlet(Write write, Missing missing);
  // Waits for nothing; what was added is still written if the process goes on.
  ~LogOutlet();
  LogOutlet(const LogOutlet&) = delete;
  LogOutlet& operator=(const LogOutlet&) = delete;

  // These are for any thread.

  void add(LogLine line);
  // Waits until no line waits any more, or for `patience`: false then.
  bool flush(std::chrono::milliseconds patience);

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace allocd
