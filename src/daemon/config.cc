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

void read_log(MapReader& map, Config& config, Diagnostics& diagnostics) {
  const LocatedValue* value = map.map("log");
  if (value == nullptr) return;
  MapReader log(*value, "`log`", diagnostics);
  if (auto level = log.text("level")) {
    const std::vector<std::string_view> levels = {"trace", "debug", "info", "warn", "error", "off"};
    if (std::find(levels.begin(), levels.end(), level->value) == levels.end()) {
      diagnostics.error(level->range, "unknown-level",
                        "unknown log level " + in_backticks(level->value),
                        suggestion(level->value, levels));
    }
    config.log_level = std::move(level->value);
  }
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
    read_paths(map, "rules", "file or directory", config.rules, diagnostics);
    read_webhook(map, config, diagnostics);
    read_tls(map, config, diagnostics);
    read_limits(map, config.limits, diagnostics);
    read_log(map, config, diagnostics);
    map.finish();
  }
  if (diagnostics.errors() > errors_before) return std::nullopt;
  return config;
}

}  // namespace allocd
