// Who gets in at the admin listener.
#include "daemon/admin_access.h"

#include <string>

#include <doctest/doctest.h>

using namespace allocd;

TEST_CASE("the admin listener answers to its own names, and to no web page") {
  struct Case {
    std::string name;
    std::string address;
    std::vector<std::pair<std::string, std::string>> headers;
    bool comes_in;
  };
  const std::string here = "127.0.0.1:8081";
  const Case cases[] = {
      {"its address", here, {{"host", "127.0.0.1:8081"}}, true},
      {"another port, as behind a tunnel", here, {{"host", "127.0.0.1:9999"}}, true},
      {"localhost", here, {{"host", "localhost:8081"}}, true},
      {"LOCALHOST", here, {{"host", "LOCALHOST"}}, true},
      {"without a Host, HTTP/1.0", here, {}, true},
      {"a configured name", here, {{"host", "Pod-1.internal:8081"}}, true},
      {"a name that was made to mean this machine", here, {{"host", "evil.example:8081"}}, false},
      {"a name that begins like it", here, {{"host", "localhost.evil.example"}}, false},
      {"another address", here, {{"host", "10.0.0.1:8081"}}, false},
      {"nothing in it", here, {{"host", ""}}, false},
      {"IPv6", "[::1]:8081", {{"host", "[::1]:8081"}}, true},
      {"IPv6, cut off", "[::1]:8081", {{"host", "[::1"}}, true},
      {"another IPv6", "[::1]:8081", {{"host", "[fe80::1]:8081"}}, false},
      {"listening everywhere, by number", "0.0.0.0:8081", {{"host", "10.2.3.4:8081"}}, true},
      {"listening everywhere, IPv6", "[::]:8081", {{"host", "[fd00::7]:8081"}}, true},
      {"listening everywhere, by name", "0.0.0.0:8081", {{"host", "evil.example"}}, false},
      {"a socket of the file system", "unix:/run/x", {{"host", "whatever"}}, true},
      {"a page of its own", here, {{"host", here}, {"origin", "http://127.0.0.1:8081"}}, true},
      {"a page of another port",
       here,
       {{"host", here}, {"origin", "http://127.0.0.1:3000"}},
       false},
      {"a page of elsewhere", here, {{"host", here}, {"origin", "https://evil.example"}}, false},
      {"a page without a name", here, {{"host", here}, {"origin", "null"}}, false},
      {"a page of a numbered host",
       "0.0.0.0:8081",
       {{"host", "10.2.3.4:8081"}, {"origin", "http://6.6.6.6:8081"}},
       false},
      {"a page, and a socket of the file system",
       "unix:/run/x",
       {{"host", "localhost"}, {"origin", "http://evil.example"}},
       false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const AdminAccess access(c.address, {"pod-1.INTERNAL"});
    const std::string why = access.refusal({"POST", "/reload", "", "", c.headers});
    CHECK(why.empty() == c.comes_in);
  }
  const AdminAccess access(here, {});
  CHECK(access.refusal({"GET", "/", "", "", {{"host", "a\x1b[2J"}}}) ==
        "this listener is not known as `a\\x1b[2J`; `adminHosts` in the configuration names the "
        "hosts that it may be asked as\n");
}
