#include "http/url.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>

#include "http/syntax.h"

namespace allocd {

namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;
constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035, 2.3.4

int port_of_scheme(bool is_tls) { return is_tls ? kHttpsPort : kHttpPort; }

std::string in_ticks(std::string_view text) { return "`" + std::string(text) + "`"; }

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_host_name(std::string_view text) {
  return text.size() <= kMaxHostBytes && std::all_of(text.begin(), text.end(), [](char c) {
           const char small = lower_case(c);
           return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '.' || c == '_';
         });
}

// Takes the host from the front of `authority`; false with `why` where there is none.
bool take_host(std::string_view& authority, std::string& host, std::string& why) {
  const bool in_brackets = authority.starts_with('[');
  const std::size_t end = authority.find(in_brackets ? ']' : ':');
  if (in_brackets) {
    host = authority.substr(1, end - 1);
    if (end == std::string_view::npos || !is_ipv6(host)) {
      why = in_ticks(authority) + " does not begin with an IPv6 address in brackets";
      return false;
    }
    authority.remove_prefix(end + 1);
    return true;
  }
  if (is_ipv6(std::string(authority))) {
    why = "an IPv6 address stands in brackets: `[" + std::string(authority) + "]`";
    return false;
  }
  host = authority.substr(0, end);
  if (host.empty()) why = "there is no host after `://`";
  if (!is_host_name(host)) why = in_ticks(host) + " is no name of a host";
  authority.remove_prefix(host.size());
  return why.empty();
}

// The port of the rest behind the host.
bool read_port(std::string_view rest, HttpUrl& url, std::string& why) {
  url.port = port_of_scheme(url.is_tls);
  if (rest.empty()) return true;
  std::uint16_t port = 0;
  if (!rest.starts_with(':') || !whole_number(rest.substr(1), 10, port) || port == 0) {
    why = in_ticks(rest) + " after the host is no port from `:1` to `:65535`";
    return false;
  }
  url.port = port;
  return true;
}

}  // namespace

std::optional<HttpUrl> parse_url(std::string_view url, std::string& why) {
  why.clear();
  constexpr std::string_view kBetween = "://";
  const std::size_t colon = url.find(kBetween);
  const std::string_view scheme = url.substr(0, colon);
  HttpUrl out;
  out.is_tls = same_word(scheme, "https");
  if (!is_visible(url)) {
    why = "it has a blank, or another character that no URL can hold: a blank is written `%20`";
  } else if (colon == std::string_view::npos || (!out.is_tls && !same_word(scheme, "http"))) {
    why = "it does not begin with `http://` or `https://`";
  } else if (url.find('#') != std::string_view::npos) {
    why = "what stands behind `#` is never sent; a `#` that is meant is written `%23`";
  }
  if (!why.empty()) return std::nullopt;

  std::string_view target = url.substr(colon + kBetween.size());
  std::string_view authority = target.substr(0, target.find_first_of("/?"));
  target.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) {
    why = "a user name or password, before the `@`, would not be sent";
    return std::nullopt;
  }
  if (!take_host(authority, out.host, why) || !read_port(authority, out, why)) return std::nullopt;
  out.target = (target.starts_with('/') ? "" : "/") + std::string(target);
  return out;
}

std::string host_header(const HttpUrl& url) {
  const bool is_ipv6_host = url.host.find(':') != std::string::npos;
  std::string out = is_ipv6_host ? "[" + url.host + "]" : url.host;
  if (url.port != port_of_scheme(url.is_tls)) out += ":" + std::to_string(url.port);
  return out;
}

}  // namespace allocd
