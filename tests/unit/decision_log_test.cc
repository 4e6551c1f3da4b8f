// The decision log's file: nothing torn, nothing lost that need not be, whatever happens to it.
#include "daemon/decision_log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "daemon/log_file.h"
#include "support/process.h"

using namespace allocd;
using namespace allocd::test;

namespace {

using Options = DecisionLog::Options;
using WhenFull = DecisionLog::WhenFull;

std::unique_ptr<DecisionLog> opened(Options options) {
  auto log = DecisionLog::open(std::move(options));
  if (const auto* error = std::get_if<std::string>(&log)) FAIL(*error);
  return std::get<std::unique_ptr<DecisionLog>>(std::move(log));
}

std::chrono::steady_clock::time_point in_two_seconds() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(2);
}

// Until it holds; false where it does not within 20 s.
bool comes_true(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> out;
  std::istringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) out.push_back(line);
  return out;
}

// `{"n":17,"x":"……"}`, of different lengths.
std::string line_of(std::size_t n) {
  return "{\"n\":" + std::to_string(n) + ",\"x\":\"" + std::string(n * 37 % 400, 'x') + "\"}";
}

// The numbers of the lines, in their order; -1 for each that is not whole.
std::vector<long> numbers_in(const std::vector<std::string>& lines) {
  std::vector<long> out;
  for (const std::string& line : lines) {
    long n = -1;
    if (std::sscanf(line.c_str(), "{\"n\":%ld,", &n) != 1 || n < 0 ||
        line != line_of(static_cast<std::size_t>(n)))
      n = -1;
    out.push_back(n);
  }
  return out;
}

std::vector<long> first_numbers(std::size_t count) {
  std::vector<long> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<long>(i));
  return out;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

// What the daemon's own log says while it lives.
class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%l %v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  // Only once nobody writes any more.
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

// No file grows beyond `bytes` while it lives: writes come up short, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("log file: a file that is made may be read by its group, whatever the umask") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  const mode_t before = umask(0077);
  { const LogFile file(path, 0, 1); }
  umask(0);
  { const LogFile file(path + "2", 0, 1); }
  umask(before);
  CHECK(mode_of(path) == 0640);
  CHECK(mode_of(path + "2") == 0640);
}

TEST_CASE("log file: no line begins on what is left of another one") {
  const TemporaryFolder folder;
  const std::string path = folder.write("log", "whole\nhalf a li");
  LogFile file(path, 0, 1);
  std::size_t done = 0;
  CHECK(file.write("next\n", done) == 0);
  CHECK(read_file(path) == "whole\nhalf a li\nnext\n");
}

TEST_CASE("log file: what was written short goes on where it ended") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  LogFile file(path, 0, 1);
  const std::string lines = "0123456789\nabcdefghij\nlast\n";
  std::size_t done = 0;
  {
    const FileSizeLimit limit(15);
    CHECK(file.write(lines, done) == EFBIG);
    CHECK(done == 15);
    CHECK(file.write(lines, done) == EFBIG);
  }
  CHECK(read_file(path) == "0123456789\nabcd");
  CHECK(file.write(lines, done) == 0);
  CHECK(read_file(path) == lines);
}

TEST_CASE("log file: a line that was begun is taken back, and stands whole in the next file") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  const std::string lines = "0123456789\nabcdefghij\nlast\n";
  std::size_t done = 0;
  {
    LogFile file(path, 0, 1);
    {
      const FileSizeLimit limit(15);
      CHECK(file.write(lines, done) == EFBIG);
    }
    std::filesystem::rename(path, path + ".old");
    CHECK(file.reopen(lines, done) == 0);
    CHECK(done == 11);
    CHECK(file.write(lines, done) == 0);
  }
  CHECK(read_file(path + ".old") == "0123456789\n");
  CHECK(read_file(path) == "abcdefghij\nlast\n");

  // The same at the end.
  {
    LogFile file(path + "2", 0, 1);
    const FileSizeLimit limit(15);
    done = 0;
    CHECK(file.write(lines, done) == EFBIG);
  }
  CHECK(read_file(path + "2") == "0123456789\n");
}

TEST_CASE("log file: rotation by size") {
  struct Case {
    std::string name;
    std::uint64_t max_bytes;
    unsigned keep;
    std::vector<std::string> files;  // the file, .1, .2 …
  };
  const Case cases[] = {
      {"never", 0, 2, {"aaaa\nbbbb\ncccc\ndddd\neeee\n"}},
      {"two lines fit", 10, 5, {"eeee\n", "cccc\ndddd\n", "aaaa\nbbbb\n"}},
      {"the oldest goes", 9, 2, {"eeee\n", "dddd\n", "cccc\n"}},
      {"lines longer than that", 2, 9, {"eeee\n", "dddd\n", "cccc\n", "bbbb\n", "aaaa\n"}},
      {"none kept counts as one", 14, 0, {"eeee\n", "cccc\ndddd\n"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    for (const bool at_once : {true, false}) {
      CAPTURE(at_once);
      const TemporaryFolder folder;
      const std::string path = folder.path() + "/log";
      const std::string lines = "aaaa\nbbbb\ncccc\ndddd\neeee\n";
      {
        LogFile file(path, c.max_bytes, c.keep);
        for (std::size_t i = 0; i < (at_once ? 1 : 5); ++i) {
          std::size_t done = 0;
          CHECK(file.write(at_once ? lines : lines.substr(5 * i, 5), done) == 0);
        }
        CHECK(file.rotation_error() == 0);
      }
      for (std::size_t i = 0; i < c.files.size(); ++i)
        CHECK(read_file(path + (i > 0 ? "." + std::to_string(i) : "")) == c.files[i]);
      CHECK_FALSE(std::filesystem::exists(path + "." + std::to_string(c.files.size())));
    }
  }
}

TEST_CASE("log file: what others do to it") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  LogFile file(path, 12, 3);
  std::size_t done = 0;
  const auto writes = [&](const std::string& line) {
    done = 0;
    return file.write(line, done) == 0;
  };
  CHECK(writes("aaaa\n"));
  std::filesystem::rename(path, path + ".theirs");
  CHECK(writes("bbbb\n"));  // nobody said so yet
  CHECK(writes("cccc\n"));  // its time: theirs stays where they put it
  CHECK(read_file(path + ".theirs") == "aaaa\nbbbb\n");
  CHECK(read_file(path) == "cccc\n");
  std::filesystem::remove(path);
  CHECK(writes("dddd\n"));
  CHECK(read_file(path) == "dddd\n");

  // A folder where the oldest file should go: it grows on, and no older one is lost.
  std::filesystem::create_directory(path + ".3");
  folder.write("log.2", "older");
  folder.write("log.1", "old");
  CHECK(writes("eeee\n"));
  CHECK(writes("ffff\n"));
  CHECK(file.rotation_error() == EISDIR);
  CHECK(read_file(path) == "dddd\neeee\nffff\n");
  CHECK(read_file(path + ".1") == "old");
  CHECK(read_file(path + ".2") == "older");
}

TEST_CASE("decision log: a file that cannot be opened is told") {
  const TemporaryFolder folder;
  struct Case {
    std::string file;
    std::string expected;
  };
  const Case cases[] = {
      {folder.path() + "/none/log", "No such file or directory"},
      {folder.path(), "Is a directory"},
  };
  for (const Case& c : cases) {
    const auto log = DecisionLog::open({.file = c.file});
    REQUIRE(std::holds_alternative<std::string>(log));
    CHECK(std::get<std::string>(log) ==
          "cannot open the decision log `" + c.file + "`: " + c.expected);
  }
}

TEST_CASE("decision log: kill -9 leaves whole lines, and part of one at most") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  const pid_t child = fork();
  if (child == 0) {
    auto log = DecisionLog::open({.file = path, .when_full = WhenFull::Block, .queue_lines = 100});
    for (std::size_t i = 0;; ++i) std::get<std::unique_ptr<DecisionLog>>(log)->write(line_of(i));
  }
  REQUIRE(child > 0);
  std::error_code error;
  const bool grew =
      comes_true([&] { return std::filesystem::file_size(path, error) + 1 > 1'000'000; });
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  REQUIRE(grew);
  std::vector<std::string> lines = lines_of(path);
  if (read_file(path).back() != '\n') lines.pop_back();
  CHECK(numbers_in(lines) == first_numbers(lines.size()));
}

TEST_SUITE("threads: decision log") {
  TEST_CASE("lines come out in order, and stop() writes what waits") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    const auto log = opened({.file = path});
    for (std::size_t i = 0; i < 5000; ++i) CHECK(log->write(line_of(i)));
    log->stop(in_two_seconds());
    CHECK(numbers_in(lines_of(path)) == first_numbers(5000));
    CHECK(log->written() == 5000);
    CHECK(log->dropped() == 0);
    CHECK_FALSE(log->failing());
    CHECK_FALSE(log->write("late"));
    CHECK(log->dropped() == 1);
    CHECK(lines_of(path).size() == 5000);
  }

  TEST_CASE("renamed and opened anew under load: no line is lost, none torn") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    constexpr std::size_t kLines = 20'000;
    const auto log = opened({.file = path, .when_full = WhenFull::Block, .queue_lines = 500});
    std::atomic<bool> is_done = false;
    std::thread writer([&] {
      for (std::size_t i = 0; i < kLines; ++i) log->write(line_of(i));
      is_done = true;
    });
    int renamed = 0;
    while (!is_done || renamed < 3) {
      const std::string name = path + "." + std::to_string(renamed);
      if (std::rename(path.c_str(), name.c_str()) != 0) break;
      ++renamed;
      log->reopen();
      if (!comes_true([&] { return std::filesystem::exists(path); })) break;
    }
    writer.join();
    log->stop(in_two_seconds());
    CHECK(renamed >= 3);
    std::vector<std::string> all;
    for (int i = 0; i <= renamed; ++i) {
      const std::string name = i < renamed ? path + "." + std::to_string(i) : path;
      const std::vector<std::string> lines = lines_of(name);
      all.insert(all.end(), lines.begin(), lines.end());
    }
    CHECK(numbers_in(all) == first_numbers(kLines));
    CHECK(log->written() == kLines);
    CHECK(log->dropped() == 0);
  }

  TEST_CASE("rotated by size, no line is lost") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    {
      const auto log =
          opened({.file = path, .when_full = WhenFull::Block, .max_bytes = 50'000, .keep = 100});
      for (std::size_t i = 0; i < 5000; ++i) log->write(line_of(i));
    }
    std::vector<std::string> all;
    for (int i = 100; i >= 0; --i) {
      const std::string name = i > 0 ? path + "." + std::to_string(i) : path;
      if (!std::filesystem::exists(name)) continue;
      CHECK(std::filesystem::file_size(name) <= 50'000);
      const std::vector<std::string> lines = lines_of(name);
      all.insert(all.end(), lines.begin(), lines.end());
    }
    CHECK(numbers_in(all) == first_numbers(5000));
  }

  TEST_CASE("a full disk: said once, counted, and nothing is lost that found room") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    std::filesystem::create_symlink("/dev/full", path);
    const CapturedLog said;
    {
      const auto log = opened({.file = path, .queue_lines = 10});
      CHECK(log->write(line_of(0)));
      REQUIRE(comes_true([&] { return log->failing(); }));
      CHECK(log->problem() == "cannot write to `" + path + "`: No space left on device");
      for (std::size_t i = 1; i < 20; ++i) CHECK(log->write(line_of(i)) == (i <= 10));
      CHECK(log->written() == 0);
      CHECK(log->dropped() == 9);

      std::filesystem::remove(path);
      log->reopen();
      REQUIRE(comes_true([&] { return log->written() == 11 && !log->failing(); }));
      CHECK(numbers_in(lines_of(path)) == first_numbers(11));
    }
    CHECK(said.text() == "error decision log: cannot write to `" + path +
                             "`: No space left on device; trying again\n"
                             "info decision log: writing to `" +
                             path +
                             "` again\n"
                             "warning decision log: 9 decisions were dropped, as `" +
                             path + "` could not be written fast enough\n");
  }

  TEST_CASE("a disk that has room again is noticed, in the middle of a line") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    const CapturedLog said;
    const auto log = opened({.file = path});
    {
      const FileSizeLimit limit(1000);
      for (std::size_t i = 0; i < 100; ++i) CHECK(log->write(line_of(i)));
      REQUIRE(comes_true([&] { return log->failing(); }));
      CHECK(std::filesystem::file_size(path) == 1000);
    }
    CHECK(comes_true([&] { return log->written() == 100 && !log->failing(); }));
    CHECK(numbers_in(lines_of(path)) == first_numbers(100));
  }

  TEST_CASE("a disk that stays full: the end comes in time, what is lost is counted") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    const CapturedLog said;
    const auto log = opened({.file = path});
    const FileSizeLimit limit(1000);
    for (std::size_t i = 0; i < 100; ++i) log->write(line_of(i));
    REQUIRE(comes_true([&] { return log->failing(); }));
    const auto start = std::chrono::steady_clock::now();
    log->stop(in_two_seconds());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
    CHECK(log->written() + log->dropped() == 100);
    CHECK(log->dropped() > 80);
    const std::uint64_t written = log->written();
    CHECK(said.text().find(std::to_string(log->dropped()) + " decisions were dropped") !=
          std::string::npos);
    CHECK(numbers_in(lines_of(path)).size() >= written);
  }

  TEST_CASE("a pipe that nobody reads: lines are dropped, or whoever writes waits") {
    for (const WhenFull when_full : {WhenFull::Drop, WhenFull::Block}) {
      CAPTURE(when_full == WhenFull::Block);
      const TemporaryFolder folder;
      const std::string path = folder.path() + "/log";
      REQUIRE(mkfifo(path.c_str(), 0600) == 0);
      const CapturedLog said;
      const auto log = opened({.file = path, .when_full = when_full, .queue_lines = 10});
      // Three times what goes into a pipe and its queue.
      constexpr std::size_t kLines = 10'000;
      std::atomic<std::size_t> given = 0;
      std::thread writer([&] {
        for (std::size_t i = 0; i < kLines; ++i) {
          log->write(line_of(i));
          ++given;
        }
      });
      CHECK(comes_true([&] { return log->failing(); }));
      if (when_full == WhenFull::Drop) {
        writer.join();
        CHECK(given == kLines);
        CHECK(log->dropped() > 0);
      } else {
        CHECK(given < kLines);
        CHECK(log->dropped() == 0);
      }
      CHECK(log->problem() == "cannot write to `" + path + "`: nobody reads from it");

      // Then somebody does.
      const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
      REQUIRE(reader >= 0);
      std::string text;
      CHECK(comes_true([&] {
        char bytes[4096];
        const ssize_t count = read(reader, bytes, sizeof bytes);
        if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
        return count < 0 && log->written() + log->dropped() == kLines;
      }));
      if (writer.joinable()) writer.join();
      close(reader);
      std::vector<std::string> lines;
      std::istringstream stream(text);
      for (std::string line; std::getline(stream, line);) lines.push_back(line);
      const std::vector<long> numbers = numbers_in(lines);
      CHECK(numbers.size() == log->written());
      CHECK(std::count(numbers.begin(), numbers.end(), -1) == 0);
      CHECK(std::is_sorted(numbers.begin(), numbers.end()));
    }
  }

  TEST_CASE("at its end a log has the time that it is given") {
    for (const bool has_time : {true, false}) {
      CAPTURE(has_time);
      const TemporaryFolder folder;
      const std::string path = folder.path() + "/log";
      REQUIRE(mkfifo(path.c_str(), 0600) == 0);
      const CapturedLog said;
      const auto log = opened({.file = path});
      const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
      REQUIRE(reader >= 0);
      for (std::size_t i = 0; i < 9000; ++i) CHECK(log->write(line_of(i)));
      REQUIRE(comes_true([&] { return log->failing(); }));
      const auto now = std::chrono::steady_clock::now();
      std::thread stops([&] { log->stop(has_time ? now + std::chrono::hours(1) : now); });
      if (!has_time) {
        stops.join();
        CHECK(log->dropped() > 0);
      } else {
        CHECK(comes_true([&] {
          char bytes[4096];
          return read(reader, bytes, sizeof bytes) < 0 && log->written() == 9000;
        }));
        stops.join();
        CHECK(log->dropped() == 0);
      }
      close(reader);
    }
  }

  TEST_CASE("whoever waits is let go when the log stops") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const CapturedLog said;
    const auto log = opened({.file = path, .when_full = WhenFull::Block, .queue_lines = 1});
    std::atomic<bool> refused = false;
    std::thread writer([&] {
      while (log->write(std::string(1000, 'x'))) {}
      refused = true;
    });
    CHECK(comes_true([&] { return log->failing(); }));
    CHECK_FALSE(refused);
    const auto start = std::chrono::steady_clock::now();
    log->stop(in_two_seconds());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
    writer.join();
    CHECK(refused);
    CHECK(log->dropped() >= 2);
  }
}
