// Where a webhook is: what is a URL for us, and what is none.
#include "http/url.h"

#include <string>

#include <doctest/doctest.h>

using namespace allocd;

TEST_CASE("URLs are taken apart") {
  struct Case {
    std::string url;
    std::string host;
    std::string target;
    std::string host_header;
    int port;
    bool is_tls;
  };
  const Case cases[] = {
      {"http://localhost", "localhost", "/", "localhost", 80, false},
      {"https://localhost/", "localhost", "/", "localhost", 443, true},
      {"HTTPS://Contoso-Alloc.example.com/api/x?code=A%2Fb==&c=/?", "Contoso-Alloc.example.com",
       "/api/x?code=A%2Fb==&c=/?", "Contoso-Alloc.example.com", 443, true},
      {"http://127.0.0.1:8080/a", "127.0.0.1", "/a", "127.0.0.1:8080", 8080, false},
      {"http://h:80", "h", "/", "h", 80, false},
      {"https://h:80", "h", "/", "h:80", 80, true},
      {"http://h:443", "h", "/", "h:443", 443, false},
      {"https://h:65535?q", "h", "/?q", "h:65535", 65535, true},
      {"http://h:00080/", "h", "/", "h", 80, false},
      {"http://[::1]", "::1", "/", "[::1]", 80, false},
      {"http://[2001:DB8::1]:8080/x", "2001:DB8::1", "/x", "[2001:DB8::1]:8080", 8080, false},
      {"http://my_host-1./", "my_host-1.", "/", "my_host-1.", 80, false},
      {"http://h?a@b:c", "h", "/?a@b:c", "h", 80, false},
      {"http://h//x/../\\y|", "h", "//x/../\\y|", "h", 80, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    std::string why = "of before";
    const auto url = parse_url(c.url, why);
    REQUIRE(url);
    CHECK(why.empty());
    CHECK(url->is_tls == c.is_tls);
    CHECK(url->host == c.host);
    CHECK(url->port == c.port);
    CHECK(url->target == c.target);
    CHECK(host_header(*url) == c.host_header);
  }
}

TEST_CASE("what is no URL is refused with a reason") {
  const std::string scheme = "it does not begin with `http://` or `https://`";
  const std::string blank =
      "it has a blank, or another character that no URL can hold: a blank is written `%20`";
  const std::string user = "a user name or password, before the `@`, would not be sent";
  const std::string nobody = "there is no host after `://`";
  const std::string fragment =
      "what stands behind `#` is never sent; a `#` that is meant is written `%23`";
  const auto no_port = [](const std::string& rest) {
    return "`" + rest + "` after the host is no port from `:1` to `:65535`";
  };
  const auto no_name = [](const std::string& host) {
    return "`" + host + "` is no name of a host";
  };
  const auto no_brackets = [](const std::string& text) {
    return "`" + text + "` does not begin with an IPv6 address in brackets";
  };
  struct Case {
    std::string url;
    std::string why;
  };
  const Case cases[] = {
      {"", scheme},
      {"localhost:8080/api", scheme},
      {"ftp://h/", scheme},
      {"httpx://h/", scheme},
      {"http:/h", scheme},
      {"http", scheme},
      {"://h", scheme},
      {"http://h/a b", blank},
      {" http://h/", blank},
      {"http://h/\t", blank},
      {"http://h/x\r\nHost: y", blank},
      {"http://h/\x7F", blank},
      {"http://b\xC3\xBC"
       "cher/",
       blank},
      {std::string("http://h/\0x", 11), blank},
      {"http://user:pw@h/", user},
      {"http://user@h", user},
      {"http://@h", user},
      {"http://h/#top", fragment},
      {"http://h#", fragment},
      {"http://", nobody},
      {"https:///path", nobody},
      {"http://?q", nobody},
      {"http://:80/", nobody},
      {"http://h:/", no_port(":")},
      {"http://h:0/", no_port(":0")},
      {"http://h:65536", no_port(":65536")},
      {"http://h:99999999999999999999", no_port(":99999999999999999999")},
      {"http://h:-1", no_port(":-1")},
      {"http://h:+80", no_port(":+80")},
      {"http://h:8o", no_port(":8o")},
      {"http://h:80:90", no_port(":80:90")},
      {"http://[::1]80", no_port("80")},
      {"http://h%20/", no_name("h%20")},
      {"http://a\\b", no_name("a\\b")},
      {"http://" + std::string(254, 'a'), no_name(std::string(254, 'a'))},
      {"http://[::1", no_brackets("[::1")},
      {"http://[]/", no_brackets("[]")},
      {"http://[127.0.0.1]/", no_brackets("[127.0.0.1]")},
      {"http://[fe80::1%25eth0]:80", no_brackets("[fe80::1%25eth0]:80")},
      {"http://2001:db8::1/", "an IPv6 address stands in brackets: `[2001:db8::1]`"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    std::string why;
    CHECK_FALSE(parse_url(c.url, why));
    CHECK(why == c.why);
  }
}
