// The decision log: a line for each decision, in a file, written by a thread of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace allocd {

// Survives a full disk and any other trouble with its file: says so in the daemon's own log, keeps
// what the queue holds, and tries again with growing pauses, up to 5 s. No line is torn.
class DecisionLog {
 public:
  enum class WhenFull {
    Drop,   // the newest lines are lost, and counted
    Block,  // whoever writes waits
  };
  struct Options {
    std::string file;  // its folder must be there
    WhenFull when_full = WhenFull::Drop;
    std::uint64_t max_bytes = 0;  // see LogFile
    unsigned keep = 5;
    std::size_t queue_lines = 10'000;  // that wait to be written; whichever bound comes first
    std::size_t queue_bytes = std::size_t{16} << 20U;
  };

  // The log, or why its file cannot be opened: a message for people.
  static std::variant<std::unique_ptr<DecisionLog>, std::string> open(Options options);
  // As stop(), within 2 s.
  ~DecisionLog();
  DecisionLog(const DecisionLog&) = delete;
  DecisionLog& operator=(const DecisionLog&) = delete;

  // All calls are safe from any thread.

  // Takes a line, without its end. False where it was dropped; then it is counted, and the daemon's
  // log says how many it were, at most once in 10 s.
  bool write(std::string line);
  // The file was renamed: the next line goes into a new one of the same name. Returns at once.
  void reopen();
  // Writes what is in the queue; what is left at `end` is dropped, and counted. Nothing is taken
  // after, and whoever waits is let go. Only the first call counts.
  void stop(std::chrono::steady_clock::time_point end);

  std::uint64_t written() const;
  std::uint64_t dropped() const;
  // Lines that wait.
  std::size_t queued() const;
  bool failing() const { return !problem().empty(); }
  // What is wrong with the file, for people; empty where nothing is.
  std::string problem() const;

 private:
  class Writer;
  explicit DecisionLog(std::unique_ptr<Writer> writer);

  std::unique_ptr<Writer> writer_;
};

}  // namespace allocd
