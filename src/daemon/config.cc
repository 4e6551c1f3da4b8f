#include "daemon/config.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "diagnostics/closest_match.h"
#include "rulefile/map_reader.h"
#include "rulefile/yaml_tree.h"

namespace allocd {

namespace {

void read_text(MapReader& map, std::string_view key, std::string& into) {
  if (auto text = map.text(key)) into = std::move(text->value);
}

template <typename Number>
void read_number(MapReader& map, std::string_view key, std::int64_t least, std::int64_t most,
                 Number& into, Diagnostics& diagnostics) {
  const auto number = map.integer(key);
  if (!number) return;
  if (number->value < least || number->value > most) {
    diagnostics.error(number->range, "out-of-range",
                      "`" + std::string(key) + "` must be between " + std::to_string(least) +
                          " and " + std::to_string(most));
    return;
  }
  into = static_cast<Number>(number->value);
}

// `what` are the paths of: "file", "file or directory".
void read_paths(MapReader& map, const std::string& key, const std::string& what,
                std::vector<std::string>& into, Diagnostics& diagnostics) {
  const LocatedValue* list = map.list(key);
  if (list == nullptr) return;
  into.clear();
  for (const LocatedValue& item : list->list())
    if (auto path = as_text(item, "a path in `" + key + "`", diagnostics))
      into.push_back(std::move(path->value));
  if (list->list().empty())
    diagnostics.error(list->range, "empty-list", "`" + key + "` names no " + what);
}

void read_webhook(MapReader& map, Config& config, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("webhook");
  if (value == nullptr) return;
  MapReader webhook(*value, "`webhook`", diagnostics);
  if (auto path = webhook.text("path")) {
    if (!path->value.starts_with('/') || path->value.find_first_of("?#") != std::string::npos) {
      diagnostics.error(path->range, "bad-path",
                        "`path` must begin with `/` and have no `?` or `#`");
    }
    config.webhook_path = std::move(path->value);
  }
  read_paths(webhook, "keyFiles", "file", config.webhook_key_files, diagnostics);
  webhook.finish();
}

void read_path(MapReader& map, std::string_view key, std::string& into, Diagnostics& diagnostics) {
  auto path = map.text(key);
  if (path && path->value.empty())
    diagnostics.error(path->range, "empty-text", in_backticks(key) + " names no file");
  if (path) into = std::move(path->value);
}

void read_tls(MapReader& map, Config& config, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("tls");
  if (value == nullptr) return;
  MapReader tls(*value, "`tls`", diagnostics);
  TlsFiles& files = config.tls.emplace();
  read_path(tls, "certificate", files.certificate, diagnostics);
  read_path(tls, "key", files.key, diagnostics);
  read_path(tls, "clientCa", files.client_ca, diagnostics);
  tls.require("certificate");
  tls.require("key");
  tls.finish();
}

void read_limits(MapReader& map, HttpLimits& limits, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("limits");
  if (value == nullptr) return;
  MapReader reader(*value, "`limits`", diagnostics);
  read_number(reader, "bodyBytes", 1024, 64 << 20, limits.body_bytes, diagnostics);
  read_number(reader, "threads", 0, 1024, limits.threads, diagnostics);
  read_number(reader, "connections", 1, 1 << 20, limits.connections, diagnostics);
  read_number(reader, "idleSeconds", 1, 3600, limits.idle_seconds, diagnostics);
  read_number(reader, "requestSeconds", 1, 600, limits.request_seconds, diagnostics);
  reader.finish();
}

// One of some words.
void read_choice(MapReader& map, std::string_view key, const std::vector<std::string_view>& choices,
                 std::string_view code, const std::string& what, std::string& into,
                 Diagnostics& diagnostics) {
  auto text = map.text(key);
  if (!text) return;
  if (std::find(choices.begin(), choices.end(), text->value) == choices.end()) {
    diagnostics.error(text->range, code, "unknown " + what + " " + in_backticks(text->value),
                      suggestion(text->value, choices));
  }
  into = std::move(text->value);
}

void read_flag(MapReader& map, std::string_view key, bool& into) {
  if (auto flag = map.boolean(key)) into = flag->value;
}

void read_guard(MapReader& reload, ReloadSettings& settings, Diagnostics& diagnostics) {
  const LocatedValue* value = reload.find("guard");
  if (value == nullptr) return;
  if (const auto* text = std::get_if<std::string>(&value->value); text && *text == "off") {
    settings.guard.is_off = true;
    return;
  }
  MapReader guard(*value, "`guard` (which may also be `off`)", diagnostics);
  if (const auto text = guard.text("maxMoved")) {
    if (const auto share = Share::parse(text->value)) {
      settings.guard.max_moved = *share;
    } else {
      diagnostics.error(text->range, "bad-percentage",
                        in_backticks(text->value) + " is no percentage from `0%` to `100%`");
    }
  }
  read_number(guard, "sample", 1, 100'000, settings.guard_sample, diagnostics);
  read_number(guard, "minSample", 1, 100'000, settings.guard.min_sample, diagnostics);
  if (settings.guard.min_sample > settings.guard_sample)
    diagnostics.error(guard.range(), "out-of-range",
                      "the guard would never look: `minSample` is " +
                          std::to_string(settings.guard.min_sample) + ", and `sample` keeps only " +
                          std::to_string(settings.guard_sample) + " devices");
  guard.finish();
}

void read_reload(MapReader& map, ReloadSettings& settings, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("reload");
  if (value == nullptr) return;
  MapReader reload(*value, "`reload`", diagnostics);
  read_flag(reload, "watch", settings.watch);
  read_number(reload, "debounceMillis", 1, 60'000, settings.debounce_millis, diagnostics);
  read_number(reload, "pollSeconds", 1, 86'400, settings.poll_seconds, diagnostics);
  read_guard(reload, settings, diagnostics);
  reload.finish();
}

void read_decision_log(MapReader& map, DecisionLogSettings& settings, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("decisionLog");
  if (value == nullptr) return;
  MapReader log(*value, "`decisionLog`", diagnostics);
  read_path(log, "file", settings.file, diagnostics);
  read_flag(log, "requests", settings.requests);
  std::string when_full = "drop";
  read_choice(log, "whenFull", {"drop", "block"}, "unknown-choice", "choice", when_full,
              diagnostics);
  settings.blocks = when_full == "block";
  read_number(log, "maxBytes", 4096, std::int64_t{1} << 40, settings.max_bytes, diagnostics);
  read_number(log, "keep", 1, 1000, settings.keep, diagnostics);
  if (const LocatedValue* list = log.list("redact")) {
    std::vector<Located<std::string>> fields;
    for (const LocatedValue& item : list->list())
      if (auto field = as_text(item, "a field in `redact`", diagnostics))
        fields.push_back(*std::move(field));
    if (auto redaction = Redaction::parse(fields, diagnostics))
      settings.redaction = *std::move(redaction);
  }
  log.finish();
}

void read_metrics(MapReader& map, Config& config, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("metrics");
  if (value == nullptr) return;
  MapReader metrics(*value, "`metrics`", diagnostics);
  read_flag(metrics, "perRule", config.metrics_per_rule);
  metrics.finish();
}

void read_log(MapReader& map, Config& config, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("log");
  if (value == nullptr) return;
  MapReader log(*value, "`log`", diagnostics);
  read_choice(log, "level", {"trace", "debug", "info", "warn", "error", "off"}, "unknown-level",
              "log level", config.log_level, diagnostics);
  read_choice(log, "format", {"auto", "plain", "json", "journal"}, "unknown-choice", "log format",
              config.log_format, diagnostics);
  log.finish();
}

}  // namespace

std::optional<Config> parse_config(const SourceFile& file, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.errors();
  const auto tree = parse_yaml(file, diagnostics);
  if (!tree) return std::nullopt;
  Config config;
  if (!tree->is_null()) {
    MapReader map(*tree, "the configuration", diagnostics);
    read_text(map, "listen", config.listen);
    read_text(map, "adminListen", config.admin_listen);
    read_paths(map, "adminHosts", "host", config.admin_hosts, diagnostics);
    read_paths(map, "rules", "file or directory", config.rules, diagnostics);
    read_webhook(map, config, diagnostics);
    read_tls(map, config, diagnostics);
    read_limits(map, config.limits, diagnostics);
    read_reload(map, config.reload, diagnostics);
    read_decision_log(map, config.decision_log, diagnostics);
    read_paths(map, "candidate", "file or directory", config.candidate, diagnostics);
    read_path(map, "state", config.state, diagnostics);
    read_metrics(map, config, diagnostics);
    read_log(map, config, diagnostics);
    map.finish();
  }
  if (diagnostics.errors() > errors_before) return std::nullopt;
  return config;
}

}  // namespace allocd
