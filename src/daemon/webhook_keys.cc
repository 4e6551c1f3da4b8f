#include "daemon/webhook_keys.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace allocd {

namespace {

// Enough for a person who tries both ways at once, little work for one who sends a thousand.
constexpr std::size_t kMaxOffers = 8;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high << 4U | *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::vector<std::string> offered_keys(const HttpRequest& request) {
  std::vector<std::string> offers;
  const auto offer = [&](std::string key) {
    if (!key.empty() && offers.size() < kMaxOffers) offers.push_back(std::move(key));
  };
  for (const auto& [name, value] : request.headers)
    if (name == "x-functions-key") offer(value);
  constexpr std::string_view kCode = "code=";
  for (std::string_view rest = request.query; !rest.empty() && offers.size() < kMaxOffers;) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    if (parameter.starts_with(kCode)) offer(percent_decoded(parameter.substr(kCode.size())));
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
  }
  return offers;
}

// Fetching it takes longer than hashing a key.
const EVP_MD* sha256() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> digest(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
  return digest.get();
}

}  // namespace

WebhookKeys::Hash WebhookKeys::hash_of(std::string_view text) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Hash hash{};
  if (sha256() == nullptr || context == nullptr ||
      EVP_DigestInit_ex(context.get(), sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1)
    throw std::runtime_error("OpenSSL computes no SHA-256");
  return hash;
}

WebhookKeys::WebhookKeys(const std::vector<std::string>& keys) {
  hashes_.reserve(keys.size());
  for (const std::string& key : keys) hashes_.push_back(hash_of(key));
}

bool WebhookKeys::has(std::string_view key) const {
  if (key.size() > kMaxKeyBytes) return false;
  const Hash hash = hash_of(key);
  bool found = false;
  // INVARIANT: all are compared, whichever fits.
  for (const Hash& known : hashes_)
    found |= CRYPTO_memcmp(known.data(), hash.data(), hash.size()) == 0;
  return found;
}

KeyCheck WebhookKeys::check(const HttpRequest& request) const {
  if (is_open()) return KeyCheck::Accepted;
  const std::vector<std::string> offers = offered_keys(request);
  if (offers.empty()) return KeyCheck::Absent;
  bool found = false;
  for (const std::string& key : offers) found |= has(key);
  return found ? KeyCheck::Accepted : KeyCheck::Wrong;
}

}  // namespace allocd
