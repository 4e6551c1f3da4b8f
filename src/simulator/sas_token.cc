#include "simulator/sas_token.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <openssl/crypto.h>

#include "http/percent_encoding.h"
#include "policy/base64.h"
#include "webhook/hmac_sha256.h"

namespace allocd {
namespace {

constexpr std::string_view kScheme = "SharedAccessSignature";
constexpr std::size_t kSignatureBytes = 32;
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

// The fields as they stand in the token.
struct Fields {
  std::optional<std::string_view> sr, sig, se, skn;

  std::optional<std::string_view>* named(std::string_view name) {
    if (name == "sr") return &sr;
    if (name == "sig") return &sig;
    if (name == "se") return &se;
    return name == "skn" ? &skn : nullptr;
  }
};

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::variant<Fields, BadToken> split(std::string_view header) {
  header = without_blanks(header);
  if (!header.starts_with(kScheme) || !header.substr(kScheme.size()).starts_with(' '))
    return BadToken{"is no `SharedAccessSignature`"};
  std::string_view rest = without_blanks(header.substr(kScheme.size()));
  Fields fields;
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    const std::size_t equals = field.find('=');
    std::optional<std::string_view>* const value = fields.named(field.substr(0, equals));
    if (value == nullptr || equals == std::string_view::npos) continue;
    if (*value)
      return BadToken{"has the field `" + std::string(field.substr(0, equals)) + "` twice"};
    *value = field.substr(equals + 1);
  }
  for (const std::string_view name : {"sr", "sig", "se"})
    if (!*fields.named(name)) return BadToken{"has no field `" + std::string(name) + "`"};
  return fields;
}

}  // namespace

std::variant<SasToken, BadToken> parse_sas_token(std::string_view header) {
  auto read = split(header);
  if (auto* bad = std::get_if<BadToken>(&read)) return std::move(*bad);
  const Fields& fields = std::get<Fields>(read);
  if (fields.skn && *fields.skn != "registration")
    return BadToken{
        "names the policy (`skn`) of something that is no device: `registration` is theirs"};

  SasToken token;
  const auto resource = percent_decoded(*fields.sr);
  if (!resource) return BadToken{"has a field `sr` that is not percent-encoded"};
  token.resource = *resource;
  const auto encoded = percent_decoded(*fields.sig);
  const auto signature = encoded ? from_base64(*encoded) : std::nullopt;
  if (!signature || signature->size() != kSignatureBytes)
    return BadToken{"has a field `sig` that is no signature: 32 bytes in base64, percent-encoded"};
  token.signature = *signature;
  std::int64_t expiry = 0;
  const char* const end = fields.se->data() + fields.se->size();
  const auto [last, error] = std::from_chars(fields.se->data(), end, expiry);
  if (error != std::errc() || last != end || expiry < 0 || expiry > kLastSecond)
    return BadToken{"has a field `se` that is no time in seconds since 1970"};
  token.expiry = std::chrono::sys_seconds(std::chrono::seconds(expiry));
  token.signed_text = std::string(*fields.sr) + '\n' + std::string(*fields.se);
  return token;
}

bool is_signed_with(const SasToken& token, std::string_view key) {
  const std::string expected = hmac_sha256(key, token.signed_text);
  return expected.size() == token.signature.size() &&
         CRYPTO_memcmp(expected.data(), token.signature.data(), expected.size()) == 0;
}

std::string make_sas_token(std::string_view resource, std::string_view key,
                           std::chrono::sys_seconds expiry) {
  const std::string sr = percent_encoded(resource);
  const std::string se = std::to_string(expiry.time_since_epoch().count());
  const std::string signature = to_base64(hmac_sha256(key, sr + '\n' + se));
  std::string out(kScheme);
  out.append(" sr=").append(sr).append("&sig=").append(percent_encoded(signature));
  return out.append("&se=").append(se).append("&skn=registration");
}

}  // namespace allocd
