// Any text as a token of a device: read, or refused with a reason; and what is made of the same
// text is read back, signed.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "simulator/sas_token.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void expect_token(const allocd::SasToken& token) {
  expect(token.signature.size() == 32);
  expect(token.expiry.time_since_epoch().count() >= 0);
  expect(token.signed_text.find('\n') != std::string::npos);
  expect(token.resource.size() <= token.signed_text.size());
  (void)allocd::is_signed_with(token, "key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace allocd;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = parse_sas_token(text);
  if (const auto* token = std::get_if<SasToken>(&read))
    expect_token(*token);
  else
    expect(!std::get<BadToken>(read).reason.empty());

  const std::chrono::sys_seconds expiry{std::chrono::seconds(size * 1'000'003 % 4'000'000'000)};
  for (const std::string_view key : {text, std::string_view("key")}) {
    const auto again = parse_sas_token(make_sas_token(text, key, expiry));
    const auto* token = std::get_if<SasToken>(&again);
    expect(token != nullptr && token->resource == text && token->expiry == expiry);
    expect(is_signed_with(*token, key) && !is_signed_with(*token, std::string(key) + "x"));
  }
  return 0;
}
