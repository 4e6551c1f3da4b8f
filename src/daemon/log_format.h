// How a line of the log looks: for people, as JSON, and as the journal has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <spdlog/common.h>

namespace allocd {

enum class LogFormat {
  Auto,       // Journal where stderr goes there, Plain elsewhere
  Plain,      // a line of text
  JsonLines,  // an object a line
  Journal,    // fields, for `journalctl -o json` and `journalctl ALLOCD_RULE=…`
};

// Of "auto", "plain", "json", "journal"; nothing for any other text.
std::optional<LogFormat> log_format_of(std::string_view name);

// A value that is a sentence: it stands in quotes in a plain line, even if it is one word.
struct LogText {
  std::string text;
};

// One fact that a line tells. The name is in camelCase, and not `time`, `level` or `message`.
struct LogField {
  std::string_view name;
  std::variant<std::monostate, std::int64_t, std::string, LogText> value;  // monostate: none
};

using LogFields = std::vector<LogField>;

// Whatever the values hold, the next four are harmless: no control characters, no broken UTF-8, no
// second line, and long values are cut.

// `message name=value name=value …`; `-` where there is no value. No value can pass for the next
// name: those that are more than a plain word stand in quotes, with `\"` inside.
std::string plain_line(std::string_view message, const LogFields& fields);

// `{"time":"2026-11-23T22:00:00.123Z","level":"info","message":"…", …fields}`, without a line end;
// null where there is no value.
std::string json_line(std::chrono::system_clock::time_point time, spdlog::level::level_enum level,
                      std::string_view message, const LogFields& fields);

// `NAME=value` each, as sd_journal_sendv(3) takes them: MESSAGE is the plain line, PRIORITY
// syslog's, and each field that has a value ALLOCD_ with its name in upper case
// (`registrationId`: ALLOCD_REGISTRATION_ID). `id` is called like the message: ALLOCD_DECISION.
std::vector<std::string> journal_fields(spdlog::level::level_enum level, std::string_view message,
                                        const LogFields& fields);

// `text` as it stands in a log.
std::string log_message(std::string_view text);

// Whether `descriptor` is the stream to the journal that JOURNAL_STREAM (systemd.exec(5)) names;
// `journal_stream` is that variable's value, null where it is not set.
bool is_journal(int descriptor, const char* journal_stream);

}  // namespace allocd
