#include "daemon/decision_log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/log_file.h"
#include "diagnostics/diagnostic.h"

namespace allocd {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBatchBytes = std::size_t{1} << 20U;
constexpr milliseconds kFirstPause(100);
constexpr milliseconds kLongestPause(5000);
constexpr milliseconds kPauseWhenStopping(50);
constexpr seconds kTimeToStop(2);  // where nobody says more
constexpr seconds kBetweenMessages(10);
constexpr seconds kPatience(1);  // with a pipe that is full

std::string words_for(int error) {
  return error == EAGAIN ? "nobody reads from it" : std::generic_category().message(error);
}

// Errors after which the file may be another one, or a better one.
bool calls_for_new_file(int error) {
  return error != ENOSPC && error != EDQUOT && error != EFBIG && error != EAGAIN;
}

// Lets a message pass now and then.
class Seldom {
 public:
  bool may(Clock::time_point now) {
    if (last_ && now - *last_ < kBetweenMessages) return false;
    last_ = now;
    return true;
  }
  // When the next one may.
  Clock::time_point next() const { return last_ ? *last_ + kBetweenMessages : Clock::time_point(); }

 private:
  std::optional<Clock::time_point> last_;
};

}  // namespace

class DecisionLog::Writer {
 public:
  explicit Writer(Options options)
      : options_(std::move(options)),
        file_(options_.file, options_.max_bytes, options_.keep),
        wake_descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_descriptor_ < 0)
      throw std::system_error(errno, std::generic_category(), options_.file);
    thread_ = std::thread([this] { run(); });
  }
  ~Writer() {
    stop(Clock::now() + kTimeToStop);
    close(wake_descriptor_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  bool write(std::string line) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] {
      return queue_.size() < options_.queue_lines &&
             (queue_.empty() || queue_bytes_ + line.size() <= options_.queue_bytes);
    };
    if (options_.when_full == WhenFull::Block)
      room_.wait(lock, [&] { return stopping_ || has_room(); });
    if (stopping_ || !has_room()) {
      ++dropped_;
      return false;
    }
    queue_bytes_ += line.size();
    queue_.push_back(std::move(line));
    if (queue_.size() == 1) wake_.notify_one();
    return true;
  }

  void reopen() {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
    wake_all();
  }

  void stop(Clock::time_point end) {
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_) {
        deadline_ = end;
        stopping_ = true;
        wake_all();
      }
    }
    const std::lock_guard joining(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }

  std::uint64_t written() const { return written_; }
  std::uint64_t dropped() const { return dropped_; }
  std::size_t queued() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }
  std::string problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  // Wherever the thread waits.
  void wake_all() {
    wake_.notify_all();
    room_.notify_all();
    const std::uint64_t one = 1;
    // It can only be full, and then the thread wakes all the same.
    [[maybe_unused]] const ssize_t ignored = ::write(wake_descriptor_, &one, sizeof one);
  }

  void run() {
    while (next()) {
      if (wants_new_file_) renew_file();
      write_batch();
      say_drops(Clock::now(), false);
    }
    drop_rest();
    say_drops(Clock::now(), true);
  }

  bool has_batch() const { return done_ < batch_.size(); }

  // Waits for something to do and takes it up; false where all is done, or has to be.
  bool next() {
    std::unique_lock lock(mutex_);
    const bool was_stopping = stopping_;
    const auto is_news = [&] {
      return reopen_ || (stopping_ && !was_stopping) || (!has_batch() && !queue_.empty());
    };
    if (was_stopping) {
      if (has_batch() && pause_ > milliseconds(0))
        wake_.wait_for(lock, kPauseWhenStopping, [&] { return reopen_; });
    } else if (pause_ > milliseconds(0) && (has_batch() || wants_new_file_)) {
      wake_.wait_for(lock, pause_, is_news);
    } else if (!has_batch() && dropped_ > said_dropped_) {
      wake_.wait_until(lock, drops_said_.next(), is_news);
    } else if (!has_batch()) {
      wake_.wait(lock, is_news);
    }
    if (std::exchange(reopen_, false)) wants_new_file_ = true;
    if (stopping_ && (Clock::now() >= deadline_ || (!has_batch() && queue_.empty()))) return false;
    std::deque<std::string> lines;
    if (!has_batch()) take(lines);
    lock.unlock();
    if (!lines.empty()) {
      batch_.clear();
      done_ = 0;
      for (const std::string& line : lines) batch_.append(line).append(1, '\n');
    }
    return true;
  }

  void take(std::deque<std::string>& lines) {
    for (std::size_t bytes = 0; !queue_.empty() && bytes < kBatchBytes; queue_.pop_front()) {
      bytes += queue_.front().size();
      queue_bytes_ -= queue_.front().size();
      lines.push_back(std::move(queue_.front()));
    }
    room_.notify_all();
  }

  void renew_file() {
    if (const int error = file_.reopen(batch_, done_); error != 0) {
      fails("cannot open", error);
      return;
    }
    wants_new_file_ = false;
    if (!has_batch()) works();
  }

  void write_batch() {
    if (!has_batch()) return;
    const std::size_t before = done_;
    const int error = file_.write(batch_, done_);
    written_ += static_cast<std::uint64_t>(
        std::count(batch_.begin() + static_cast<std::ptrdiff_t>(before),
                   batch_.begin() + static_cast<std::ptrdiff_t>(done_), '\n'));
    if (done_ > before) pause_ = milliseconds(0);
    if (error == EAGAIN) {
      wait_for_reader();
    } else if (error != 0) {
      fails("cannot write to", error);
      if (calls_for_new_file(error)) wants_new_file_ = true;
    } else if (!wants_new_file_) {
      works();
    }
  }

  void wait_for_reader() {
    pollfd waiting[] = {{file_.descriptor(), POLLOUT, 0}, {wake_descriptor_, POLLIN, 0}};
    // Being woken once is enough to look around.
    const milliseconds most = kPatience;
    const auto patience = (stopping_ ? kPauseWhenStopping : most).count();
    const int ready = poll(waiting, 2, static_cast<int>(patience));
    std::uint64_t count = 0;
    if ((waiting[1].revents & POLLIN) != 0) [[maybe_unused]]
      const ssize_t ignored = read(wake_descriptor_, &count, sizeof count);
    if (ready == 0) fails("cannot write to", EAGAIN);
    // It is the pipe that says when to go on.
    pause_ = stopping_ ? kPauseWhenStopping : milliseconds(0);
  }

  void fails(const char* what, int error) {
    const std::string problem =
        std::string(what) + ' ' + in_backticks(options_.file) + ": " + words_for(error);
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    const std::lock_guard lock(mutex_);
    if (!said_problem_ && failures_said_.may(Clock::now())) {
      spdlog::error("decision log: {}; trying again", problem);
      said_problem_ = true;
    }
    problem_ = problem;
  }

  void works() {
    pause_ = milliseconds(0);
    const int error = file_.rotation_error();
    const std::lock_guard lock(mutex_);
    if (error != 0) {
      const std::string problem = "cannot rotate " + in_backticks(options_.file) + ": " +
                                  words_for(error) + "; it grows on";
      if (!said_problem_ && failures_said_.may(Clock::now())) {
        spdlog::error("decision log: {}", problem);
        said_problem_ = true;
      }
      problem_ = problem;
      return;
    }
    problem_.clear();
    if (std::exchange(said_problem_, false))
      spdlog::info("decision log: writing to {} again", in_backticks(options_.file));
  }

  void say_drops(Clock::time_point now, bool is_last) {
    const std::uint64_t dropped = dropped_;
    // While nothing can be written their end is not in sight.
    if (dropped == said_dropped_ || (has_batch() && !is_last)) return;
    if (!drops_said_.may(now) && !is_last) return;
    spdlog::warn("decision log: {} decisions were dropped, as {} could not be written fast enough",
                 dropped - said_dropped_, in_backticks(options_.file));
    said_dropped_ = dropped;
  }

  void drop_rest() {
    const std::lock_guard lock(mutex_);
    dropped_ += queue_.size() +
                static_cast<std::uint64_t>(std::count(
                    batch_.begin() + static_cast<std::ptrdiff_t>(done_), batch_.end(), '\n'));
    queue_.clear();
    queue_bytes_ = 0;
  }

  const Options options_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::condition_variable room_;
  std::deque<std::string> queue_;
  std::size_t queue_bytes_ = 0;
  bool reopen_ = false;
  std::atomic<bool> stopping_ = false;
  Clock::time_point deadline_;
  std::string problem_;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;

  // Of the thread alone.
  LogFile file_;
  std::string batch_;  // lines, of which `done_` bytes are written
  std::size_t done_ = 0;
  milliseconds pause_{0};
  bool wants_new_file_ = false;
  bool said_problem_ = false;
  std::uint64_t said_dropped_ = 0;
  Seldom failures_said_;
  Seldom drops_said_;

  int wake_descriptor_;
  std::mutex join_mutex_;
  std::thread thread_;
};

std::variant<std::unique_ptr<DecisionLog>, std::string> DecisionLog::open(Options options) {
  const std::string file = options.file;
  try {
    auto writer = std::make_unique<Writer>(std::move(options));
    return std::unique_ptr<DecisionLog>(new DecisionLog(std::move(writer)));
  } catch (const std::system_error& error) {
    return "cannot open the decision log " + in_backticks(file) + ": " + error.code().message();
  }
}

DecisionLog::DecisionLog(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
DecisionLog::~DecisionLog() = default;

bool DecisionLog::write(std::string line) { return writer_->write(std::move(line)); }
void DecisionLog::reopen() { writer_->reopen(); }
void DecisionLog::stop(std::chrono::steady_clock::time_point end) { writer_->stop(end); }
std::uint64_t DecisionLog::written() const { return writer_->written(); }
std::uint64_t DecisionLog::dropped() const { return writer_->dropped(); }
std::size_t DecisionLog::queued() const { return writer_->queued(); }
std::string DecisionLog::problem() const { return writer_->problem(); }

}  // namespace allocd
