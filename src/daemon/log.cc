#include "daemon/log.h"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <sys/uio.h>
#include <unistd.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#define SD_JOURNAL_SUPPRESS_LOCATION  // of the code that logs; it is always the same
#include <systemd/sd-journal.h>

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
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Writes lines of spdlog's, and those that have fields.
class EventSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit EventSink(LogFormat format)
      : spdlog::sinks::base_sink<std::mutex>(
            std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%e%z %l %v")),
        format_(format) {}

  void write(spdlog::level::level_enum level, std::string_view message, const LogFields& fields) {
    const std::lock_guard lock(mutex_);
    write_one(spdlog::log_clock::now(), level, message, fields);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    write_one(line.time, line.level, {line.payload.data(), line.payload.size()}, {});
  }
  void flush_() override {}

 private:
  void write_one(spdlog::log_clock::time_point time, spdlog::level::level_enum level,
                 std::string_view message, const LogFields& fields) {
    if (format_ == LogFormat::JsonLines)
      return write_to_stderr(json_line(time, level, message, fields) + "\n");
    if (format_ == LogFormat::Journal && send_to_journal(level, message, fields)) return;
    spdlog::memory_buf_t line;
    const std::string text = plain_line(message, fields);
    formatter_->format(spdlog::details::log_msg(time, spdlog::source_loc(), "allocd", level, text),
                       line);
    write_to_stderr({line.data(), line.size()});
  }

  static bool send_to_journal(spdlog::level::level_enum level, std::string_view message,
                              const LogFields& fields) {
    const std::vector<std::string> texts = journal_fields(level, message, fields);
    std::vector<iovec> parts;
    for (const std::string& text : texts)
      parts.push_back({const_cast<char*>(text.data()), text.size()});
    return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) >= 0;
  }

  const LogFormat format_;
};

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
    auto* sink =
        logger->sinks().empty() ? nullptr : dynamic_cast<EventSink*>(logger->sinks().front().get());
    if (sink != nullptr) {
      sink->write(level, message, fields);
    } else {
      logger->log(level, "{}", plain_line(message, fields));
    }
  } catch (...) {
    // Out of memory, at worst: a line less.
  }
}

}  // namespace allocd
