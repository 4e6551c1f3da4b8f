#include "daemon/log_format.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "diagnostics/diagnostic.h"

namespace allocd {

namespace {

constexpr std::size_t kMaxValueBytes = 512;
constexpr std::size_t kMaxMessageBytes = 8192;

bool is_plain_word(std::string_view text) {
  constexpr std::string_view kMarks = "-._:@";
  return !text.empty() && text != "-" && text.size() <= kMaxValueBytes &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (static_cast<unsigned char>(c) < 0x80 &&
                   std::isalnum(static_cast<unsigned char>(c)) != 0) ||
                  kMarks.find(c) != kMarks.npos;
         });
}

std::string in_quotes(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  // Where it is cut `…` follows: no backslash is left to swallow the closing quote.
  return '"' + printable(escaped, kMaxValueBytes) + '"';
}

struct AsPlain {
  std::string operator()(std::monostate) const { return "-"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(const std::string& word) const {
    return is_plain_word(word) ? word : in_quotes(word);
  }
  std::string operator()(const LogText& text) const { return in_quotes(text.text); }
};

struct AsJson {
  nlohmann::ordered_json operator()(std::monostate) const { return nullptr; }
  nlohmann::ordered_json operator()(std::int64_t number) const { return number; }
  nlohmann::ordered_json operator()(const std::string& word) const {
    return printable(word, kMaxValueBytes);
  }
  nlohmann::ordered_json operator()(const LogText& text) const { return (*this)(text.text); }
};

struct AsJournal {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(const std::string& word) const { return printable(word, kMaxValueBytes); }
  std::string operator()(const LogText& text) const { return (*this)(text.text); }
};

std::string_view level_name(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

// syslog(3)'s.
int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return 7;
    case spdlog::level::warn: return 4;
    case spdlog::level::err: return 3;
    case spdlog::level::critical: return 2;
    default: return 6;
  }
}

std::string utc(std::chrono::system_clock::time_point time) {
  const auto millis =
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t second =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  gmtime_r(&second, &parts);
  char text[40];
  const std::size_t end = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + end, sizeof text - end, ".%03dZ", static_cast<int>(millis % 1000));
  return text;
}

std::string journal_name(std::string_view message, std::string_view name) {
  std::string out = "ALLOCD_";
  for (const char c : name == "id" ? message : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isupper(byte) != 0) out += '_';
    out += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return out;
}

}  // namespace

std::optional<LogFormat> log_format_of(std::string_view name) {
  if (name == "auto") return LogFormat::Auto;
  if (name == "plain") return LogFormat::Plain;
  if (name == "json") return LogFormat::JsonLines;
  if (name == "journal") return LogFormat::Journal;
  return std::nullopt;
}

std::string log_message(std::string_view text) { return printable(text, kMaxMessageBytes); }

std::string plain_line(std::string_view message, const LogFields& fields) {
  std::string line = log_message(message);
  for (const LogField& field : fields)
    line.append(" ").append(field.name).append("=").append(std::visit(AsPlain(), field.value));
  return line;
}

std::string json_line(std::chrono::system_clock::time_point time, spdlog::level::level_enum level,
                      std::string_view message, const LogFields& fields) {
  nlohmann::ordered_json line;
  line["time"] = utc(time);
  line["level"] = level_name(level);
  line["message"] = log_message(message);
  for (const LogField& field : fields)
    line[std::string(field.name)] = std::visit(AsJson(), field.value);
  return line.dump();
}

std::vector<std::string> journal_fields(spdlog::level::level_enum level, std::string_view message,
                                        const LogFields& fields) {
  std::vector<std::string> out = {
      "MESSAGE=" + plain_line(message, fields),
      "PRIORITY=" + std::to_string(priority_of(level)),
      "SYSLOG_IDENTIFIER=allocd",
  };
  for (const LogField& field : fields)
    if (!std::holds_alternative<std::monostate>(field.value))
      out.push_back(journal_name(message, field.name) + "=" + std::visit(AsJournal(), field.value));
  return out;
}

bool is_journal(int descriptor, const char* journal_stream) {
  struct stat status {};
  if (journal_stream == nullptr || fstat(descriptor, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == journal_stream;
}

}  // namespace allocd
