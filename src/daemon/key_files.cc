#include "daemon/key_files.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <sys/stat.h>

#include "rulefile/text_file.h"

namespace allocd {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // what some editors begin files with
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// What keeps `key` from being one; empty where nothing does.
std::string flaw_of(std::string_view key) {
  if (key.empty()) return "the key file is empty";
  if (key.find_first_of("\n\r") != std::string_view::npos)
    return "the key file has more than one line";
  if (std::any_of(key.begin(), key.end(), is_control)) return "the key has control characters";
  if (key.size() > kMaxKeyBytes)
    return "the key is longer than " + std::to_string(kMaxKeyBytes) + " bytes";
  return {};
}

bool may_be_read_by_others(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace

std::optional<std::string> key_in(std::string_view text, const std::string& from,
                                  Diagnostics& diagnostics) {
  const std::string_view key = trimmed(text);
  if (std::string flaw = flaw_of(key); !flaw.empty()) {
    diagnostics.file_error(from, "bad-key", std::move(flaw),
                           "one key a file, on one line; `openssl rand -base64 32` makes one");
    return std::nullopt;
  }
  return std::string(key);
}

std::optional<std::string> read_key_file(const std::string& path, Diagnostics& diagnostics) {
  std::string why;
  const std::optional<std::string> text = read_text_file(path, why);
  if (!text) {
    diagnostics.file_error(path, "unreadable-file", "cannot read the key file: " + why);
    return std::nullopt;
  }
  auto key = key_in(*text, path, diagnostics);
  if (key && may_be_read_by_others(path))
    diagnostics.file_warning(path, "exposed-key",
                             "every user of this machine may read the key file",
                             "`chmod o-r` it, and use a new key if that matters");
  return key;
}

std::shared_ptr<const WebhookKeys> load_webhook_keys(const std::vector<std::string>& paths,
                                                     Diagnostics& diagnostics) {
  std::vector<std::string> keys;
  for (const std::string& path : paths)
    if (auto key = read_key_file(path, diagnostics)) keys.push_back(std::move(*key));
  // INVARIANT: never fewer keys than files. None at all would leave the webhook open.
  if (keys.size() != paths.size()) return nullptr;
  return std::make_shared<const WebhookKeys>(keys);
}

}  // namespace allocd
