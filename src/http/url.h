// Where a webhook is, as people write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace allocd {

// An `http://` or `https://` URL.
struct HttpUrl {
  bool is_tls = false;
  std::string host;    // a name, or an address, that of IPv6 without its brackets
  int port = 0;        // that of the scheme where the URL has none
  std::string target;  // path and query as they are sent; begins with `/`
};

// Nothing where it is none, or has what would not be sent as it stands there: user info, a
// fragment, blanks. `why` is then the end of a sentence for people; it never quotes path or query,
// which may hold a key.
std::optional<HttpUrl> parse_url(std::string_view url, std::string& why);

// What a request names as its Host: without the port that the scheme has anyway.
std::string host_header(const HttpUrl& url);

}  // namespace allocd
