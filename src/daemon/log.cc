#include "daemon/log.h"

#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace

void log_to_stderr(const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>("allocd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void log(const Diagnostics& diagnostics) {
  for (const Diagnostic& mistake : diagnostics.sorted())
    spdlog::log(mistake.severity == Severity::Error ? spdlog::level::err : spdlog::level::warn,
                "{}", log_line(mistake));
}

}  // namespace allocd
