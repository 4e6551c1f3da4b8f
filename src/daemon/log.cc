#include "daemon/log.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#define SD_JOURNAL_SUPPRESS_LOCATION  // of the code that logs; it is always the same
#include <systemd/sd-journal.h>

#include "daemon/log_outlet.h"

namespace allocd {

namespace {

// In one line, as a log has it.
std::string log_line(const Diagnostic& mistake) {
  std::string out = printable(mistake.file);
  if (mistake.line > 0)
    out += ":" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column);
  out += (out.empty() ? "" : ": ") + mistake.message;
  if (!mistake.help.empty()) out += "; " + mistake.help;
  return out + " [" + mistake.code + "]";
}

// What cannot be written is lost: there is nobody to tell.
void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // somebody made it such
      pollfd until_read{STDERR_FILENO, POLLOUT, 0};
      poll(&until_read, 1, -1);
      continue;
    }
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool send_to_journal(const std::vector<std::string>& fields) {
  std::vector<iovec> parts;
  for (const std::string& field : fields)
    parts.push_back({const_cast<char*>(field.data()), field.size()});
  return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) >= 0;
}

// One write for all of them, where they go to stderr.
void write_lines(const std::vector<LogLine>& lines) {
  std::string text;
  for (const LogLine& line : lines)
    if (line.journal.empty() || !send_to_journal(line.journal)) text += line.text;
  write_to_stderr(text);
}

// For one thread at a time.
class LineMaker {
 public:
  explicit LineMaker(LogFormat format) : format_(format) {}

  LogLine line(spdlog::log_clock::time_point time, spdlog::level::level_enum level,
               std::string_view message, const LogFields& fields) {
    if (format_ == LogFormat::JsonLines)
      return {json_line(time, level, message, fields) + "\n", {}};
    spdlog::memory_buf_t text;
    formatter_.format(spdlog::details::log_msg(time, spdlog::source_loc(), "allocd", level,
                                               plain_line(message, fields)),
                      text);
    LogLine out{{text.data(), text.size()}, {}};
    if (format_ == LogFormat::Journal) out.journal = journal_fields(level, message, fields);
    return out;
  }
  LogLine line(spdlog::level::level_enum level, std::string_view message, const LogFields& fields) {
    return line(spdlog::log_clock::now(), level, message, fields);
  }

 private:
  const LogFormat format_;
  spdlog::pattern_formatter formatter_{"%Y-%m-%dT%H:%M:%S.%e%z %l %v"};
};

LogOutlet::Missing missing_line(LogFormat format) {
  return [maker = std::make_shared<LineMaker>(format)](std::uint64_t count) {
    return maker->line(spdlog::level::warn,
                       "log: " + std::to_string(count) +
                           " lines are missing here, as nobody read what was written",
                       {});
  };
}

// Takes lines of spdlog's, and those that have fields.
class EventSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit EventSink(LogFormat format)
      : maker_(format), outlet_(write_lines, missing_line(format)) {}

  void write(spdlog::level::level_enum level, std::string_view message, const LogFields& fields) {
    const std::lock_guard lock(mutex_);
    outlet_.add(maker_.line(level, message, fields));
  }
  // Not under the lock: others may log meanwhile.
  void wait(std::chrono::milliseconds patience) { outlet_.flush(patience); }

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    outlet_.add(maker_.line(line.time, line.level, {line.payload.data(), line.payload.size()}, {}));
  }
  void flush_() override {}

 private:
  LineMaker maker_;
  LogOutlet outlet_;
};

// Null where somebody else's logger is in its place.
EventSink* event_sink() {
  spdlog::logger* logger = spdlog::default_logger_raw();
  return logger->sinks().empty() ? nullptr
                                 : dynamic_cast<EventSink*>(logger->sinks().front().get());
}

bool has_journal() { return access("/run/systemd/journal/socket", W_OK) == 0; }

bool stderr_is_journal() {
  return is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM"));  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

void log_to_stderr(const std::string& level, LogFormat format) {
  const bool wants_journal =
      format == LogFormat::Journal || (format == LogFormat::Auto && stderr_is_journal());
  // sd_journal_sendv() says nothing where nobody is there to hear it.
  const bool journal = wants_journal && has_journal();
  if (format == LogFormat::Auto || (wants_journal && !journal))
    format = journal ? LogFormat::Journal : LogFormat::Plain;
  auto logger = std::make_shared<spdlog::logger>("allocd", std::make_shared<EventSink>(format));
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
  if (wants_journal && !journal)
    spdlog::warn(
        "the journal cannot be reached at `/run/systemd/journal/socket`; logging plain "
        "lines to stderr");
}

void flush_log() {
  constexpr std::chrono::milliseconds kPatience(500);
  if (EventSink* sink = event_sink()) sink->wait(kPatience);
}

void log(const Diagnostics& diagnostics) {
  for (const Diagnostic& mistake : diagnostics.sorted())
    spdlog::log(mistake.severity == Severity::Error ? spdlog::level::err : spdlog::level::warn,
                "{}", log_line(mistake));
}

void log_event(spdlog::level::level_enum level, std::string_view message,
               const LogFields& fields) noexcept {
  try {
    spdlog::logger* logger = spdlog::default_logger_raw();
    if (!logger->should_log(level)) return;
    if (EventSink* sink = event_sink()) {
      sink->write(level, message, fields);
    } else {
      logger->log(level, "{}", plain_line(message, fields));
    }
  } catch (...) {
    // Out of memory, at worst: a line less.
  }
}

}  // namespace allocd
