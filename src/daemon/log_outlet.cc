#include "daemon/log_outlet.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace allocd {

namespace {

std::size_t bytes_of(const LogLine& line) {
  std::size_t bytes = sizeof line + line.text.size();
  for (const std::string& field : line.journal) bytes += sizeof field + field.size();
  return bytes;
}

}  // namespace

// Shared with the thread, which may outlive the outlet.
struct LogOutlet::State {
  State(Write write_lines, Missing missing_line)
      : write(std::move(write_lines)), missing(std::move(missing_line)) {}

  void run() {
    std::vector<LogLine> lines;
    for (;;) {
      std::uint64_t lost = 0;
      {
        std::unique_lock lock(mutex);
        written.notify_all();
        added.wait(lock, [this] { return ending || !waiting.empty(); });
        if (waiting.empty()) return;
        lines.swap(waiting);
        bytes = 0;
        is_writing = true;
        lost = std::exchange(dropped, 0);
      }
      try {
        // They came after those that found room.
        if (lost > 0) lines.push_back(missing(lost));
        write(lines);
      } catch (...) {
        // Out of memory, at worst: some lines less.
      }
      lines.clear();
      const std::lock_guard lock(mutex);
      is_writing = false;
    }
  }

  const Write write;
  const Missing missing;
  std::mutex mutex;  // of what follows
  std::condition_variable added;
  std::condition_variable written;
  std::vector<LogLine> waiting;
  std::size_t bytes = 0;  // of those
  std::uint64_t dropped = 0;
  bool is_writing = false;
  bool ending = false;
};

LogOutlet::LogOutlet(Write write, Missing missing)
    : state_(std::make_shared<State>(std::move(write), std::move(missing))) {
  std::thread([state = state_] { state->run(); }).detach();
}

LogOutlet::~LogOutlet() {
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->added.notify_one();
}

void LogOutlet::add(LogLine line) {
  const std::size_t bytes = bytes_of(line);
  const std::lock_guard lock(state_->mutex);
  if (state_->waiting.size() >= kMaxLines || state_->bytes + bytes > kMaxBytes) {
    ++state_->dropped;
    return;
  }
  state_->bytes += bytes;
  state_->waiting.push_back(std::move(line));
  if (state_->waiting.size() == 1) state_->added.notify_one();
}

bool LogOutlet::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(state_->mutex);
  return state_->written.wait_for(
      lock, patience, [this] { return state_->waiting.empty() && !state_->is_writing; });
}

}  // namespace allocd
