// The keys that open the webhook: which requests bring one.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/current.h"
#include "http/server.h"

namespace allocd {

// No key is longer; percent-encoded, it fits into a request's target.
constexpr std::size_t kMaxKeyBytes = 1024;

enum class KeyCheck { Accepted, Absent, Wrong };

// Remembers hashes only, never a key. Does not change; safe to share between threads.
class WebhookKeys {
 public:
  // Without keys the webhook is open: every request is accepted.
  WebhookKeys() = default;
  explicit WebhookKeys(const std::vector<std::string>& keys);

  bool is_open() const { return hashes_.empty(); }

  // A request brings keys as `code` in its query, percent-encoded (`+` is a plus, a broken escape
  // stands for itself), or as header `x-functions-key`; one that is right is enough. An empty key
  // counts as none, and only the first few are looked at. How long it takes tells nothing about
  // the keys that would be right.
  KeyCheck check(const HttpRequest& request) const;

 private:
  using Hash = std::array<unsigned char, 32>;

  static Hash hash_of(std::string_view text);
  bool has(std::string_view key) const;

  std::vector<Hash> hashes_;
};

using WebhookKeyStore = Current<WebhookKeys>;

}  // namespace allocd
