// Tokens of devices: what counts as signed, whoever wrote it.
#include "simulator/sas_token.h"

#include <chrono>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "policy/base64.h"

using namespace allocd;
using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

const std::string kKey = *from_base64("JC8F96eayuQwwz+PkE7IzjH2lIAjCUnAa61tDigBnSs=");

SasToken token_of(std::string_view header) {
  auto read = parse_sas_token(header);
  const auto* bad = std::get_if<BadToken>(&read);
  REQUIRE_MESSAGE(bad == nullptr, bad->reason);
  return std::get<SasToken>(read);
}

std::string reason(std::string_view header) {
  const auto read = parse_sas_token(header);
  const auto* bad = std::get_if<BadToken>(&read);
  return bad != nullptr ? bad->reason : "";
}

// Of `0ne00002193/registrations/dev-1`, made with OpenSSL's command line: printf '%s\n1795386416'
// SR | openssl dgst -sha256 -mac HMAC -macopt hexkey:242f05f7… -binary | base64
constexpr std::string_view kNodeSignature = "R+uDOWDOnIm+PU0tT+pk0M+xmStPU7ZHJtMkL8QlIU8=";
constexpr std::string_view kEncodedSignature = "eFUmU2eUiXaVzvU/f6fqz++lbJB/9uWOqXBhBdl8VTo=";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace

TEST_CASE("tokens of several clients are signed with the device's key") {
  struct Case {
    std::string header;
    std::string resource;
  };
  const std::string node(kNodeSignature);
  const std::string encoded(kEncodedSignature);
  const auto percent = [](const std::string& text, bool upper) {
    std::string out = replaced(text, "+", upper ? "%2B" : "%2b");
    out = replaced(out, "/", upper ? "%2F" : "%2f");
    return replaced(out, "=", upper ? "%3D" : "%3d");
  };
  const Case cases[] = {
      {"SharedAccessSignature sr=0ne00002193/registrations/dev-1&sig=" + percent(node, true) +
           "&skn=registration&se=1795386416",
       "0ne00002193/registrations/dev-1"},
      {"SharedAccessSignature se=1795386416&sig=" + node +
           "&skn=registration&sr=0ne00002193/registrations/dev-1",
       "0ne00002193/registrations/dev-1"},
      {"SharedAccessSignature sr=0ne00002193%2fregistrations%2fdev-1&sig=" +
           percent(encoded, false) + "&se=1795386416&skn=registration",
       "0ne00002193/registrations/dev-1"},
      {"  SharedAccessSignature   "
       "se=1795386416&foo=bar&sr=0ne00002193%2fregistrations%2fdev-1&sig=" +
           percent(encoded, true) + " ",
       "0ne00002193/registrations/dev-1"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.header);
    const SasToken token = token_of(c.header);
    CHECK(token.resource == c.resource);
    CHECK(token.expiry == sys_seconds(seconds(1795386416)));
    CHECK(is_signed_with(token, kKey));
    CHECK_FALSE(is_signed_with(token, kKey + "x"));
    CHECK_FALSE(is_signed_with(token, ""));
  }
}

TEST_CASE("a token that was changed is not signed") {
  const std::string made =
      make_sas_token("scope/registrations/a:b", kKey, sys_seconds(seconds(2000000000)));
  CHECK(made.starts_with("SharedAccessSignature sr=scope%2Fregistrations%2Fa%3Ab&sig="));
  CHECK(made.ends_with("&se=2000000000&skn=registration"));
  CHECK(is_signed_with(token_of(made), kKey));
  CHECK_FALSE(is_signed_with(token_of(replaced(made, "2000000000", "2000000001")), kKey));
  CHECK_FALSE(is_signed_with(token_of(replaced(made, "a%3Ab", "a%3ac")), kKey));
  CHECK_FALSE(
      is_signed_with(token_of(replaced(made, "%3A", "%3a")), kKey));  // the text as it stands
}

TEST_CASE("what is no token says why") {
  const std::string sig(44, 'A');
  const std::string good = "sig=" + sig.substr(0, 43) + "%3D";
  CHECK(reason("") == "is no `SharedAccessSignature`");
  CHECK(reason("Bearer sr=a") == "is no `SharedAccessSignature`");
  CHECK(reason("SharedAccessSignaturesr=a") == "is no `SharedAccessSignature`");
  CHECK(reason("SharedAccessSignature ") == "is no `SharedAccessSignature`");
  CHECK(reason("SharedAccessSignature sr&sig&se") == "has no field `sr`");
  CHECK(reason("SharedAccessSignature sr=a&se=1") == "has no field `sig`");
  CHECK(reason("SharedAccessSignature sr=a&" + good) == "has no field `se`");
  CHECK(reason("SharedAccessSignature sr=a&sr=b&se=1&" + good) == "has the field `sr` twice");
  CHECK(reason("SharedAccessSignature sr=a%2&se=1&" + good) ==
        "has a field `sr` that is not percent-encoded");
  for (const char* bad : {"sig=", "sig=AAAA", "sig=%zz", "sig=****", "sig=%"})
    CHECK(reason(std::string("SharedAccessSignature sr=a&se=1&") + bad)
              .starts_with("has a field `sig` that is no signature"));
  for (const char* bad : {"", "x", "1x", "-1", "1.5", "99999999999999999999", "253402300800", " 1"})
    CHECK(reason("SharedAccessSignature sr=a&" + good + "&se=" + bad) ==
          "has a field `se` that is no time in seconds since 1970");
  CHECK(reason("SharedAccessSignature sr=a&se=1&skn=iothubowner&" + good)
            .starts_with("names the policy (`skn`)"));
  CHECK(reason("SharedAccessSignature sr=a&se=1&" + good) == "");
}
