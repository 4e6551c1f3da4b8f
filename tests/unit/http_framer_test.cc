// Where requests begin and end, and what is none: one table, read in one piece and in many.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "http/framer.h"

using namespace allocd;

namespace {

constexpr std::size_t kBodyBytes = 100;

// What came of the bytes: `POST /a 3:abc close;` for each request, then `413` or `more`.
std::string story(std::string_view bytes, std::size_t piece) {
  Framer framer(kBodyBytes);
  std::string out;
  bool expects = false;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string_view input = bytes.substr(at, piece);
    while (!input.empty()) {
      auto read = framer.read(input);
      if (const auto* wire = std::get_if<WireRequest>(&read)) {
        const RequestHead& head = wire->head;
        out += head.method + " " + head.target + " " + std::to_string(wire->body.size()) + ":" +
               wire->body + (head.keep_alive ? "; " : " close; ");
      } else if (const auto* failure = std::get_if<WireFailure>(&read)) {
        return out + std::to_string(failure->status) + " " + failure->text;
      }
    }
  }
  expects = framer.take_expectation();
  if (expects) out += "continue? ";
  return out + (framer.has_head() ? "more body" : framer.has_started() ? "more head" : "end");
}

std::string get(std::string_view headers) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view headers, std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

std::string line(std::string_view text) { return std::string(text) + "\r\nHost: h\r\n\r\n"; }

std::string times(int count, std::string_view text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("requests and what is none") {
  struct Case {
    std::string name;
    std::string bytes;
    std::string story;
  };
  const std::string nul(1, '\0');
  const std::string hundred(100, 'x');
  const std::string control = "400 a header line that is none";
  const std::string chunk = "400 a chunk without a size";
  const std::string target = "400 the target has characters that belong in no target";
  const std::string foreign = "400 the target is no address of ours";
  const std::string large = "413 the body has more than 100 bytes";
  const std::string coding = "400 Transfer-Encoding must be `chunked`, once";
  const std::string two_lengths = "400 more than one Content-Length";
  const std::string no_length = "400 Content-Length is not a number";
  const std::string line_end = "400 a line that does not end with CR LF";
  const std::string does_not_go = "400 Transfer-Encoding does not go with this request";
  const std::string long_head = "431 the head is too long";
  const Case cases[] = {
      // Whole ones.
      {"nothing", "", "end"},
      {"plain", get(""), "GET / 0:; end"},
      {"a length", post("Content-Length: 3\r\n", "abc"), "POST / 3:abc; end"},
      {"length zero", post("Content-Length: 0\r\n", ""), "POST / 0:; end"},
      {"leading zeros", post("Content-Length: 003\r\n", "abc"), "POST / 3:abc; end"},
      {"blanks around a value", post("Content-Length:  3 \r\n", "abc"), "POST / 3:abc; end"},
      {"no blank before a value", post("Content-Length:3\r\n", "abc"), "POST / 3:abc; end"},
      {"an empty value", get("A:\r\n"), "GET / 0:; end"},
      {"names in any case", post("cONTENT-lENGTH: 3\r\n", "abc"), "POST / 3:abc; end"},
      {"all of the body's bytes", post("Content-Length: 5\r\n", "\r\n" + nul + "\xFF\n"),
       "POST / 5:\r\n" + nul + "\xFF\n; end"},
      {"just not too long", post("Content-Length: 100\r\n", hundred),
       "POST / 100:" + hundred + "; end"},
      {"any token is a method", line("m-SEARCH!#$%&'*+.^_`|~9 / HTTP/1.1"),
       "m-SEARCH!#$%&'*+.^_`|~9 / 0:; end"},
      {"every mark of a target", line("GET /-._~:@!$&'()*+,;=%2f[]?/??&= HTTP/1.1"),
       "GET /-._~:@!$&'()*+,;=%2f[]?/??&= 0:; end"},
      {"asterisk", line("OPTIONS * HTTP/1.1"), "OPTIONS * 0:; end"},
      {"absolute", line("GET http://other:80/a?b HTTP/1.1"), "GET /a?b 0:; end"},
      {"absolute without path", line("GET HTTPS://other HTTP/1.1"), "GET / 0:; end"},
      {"absolute with query only", line("GET http://other?q HTTP/1.1"), "GET /?q 0:; end"},
      {"a path with two slashes", line("GET //x HTTP/1.1"), "GET //x 0:; end"},
      {"text beyond ASCII in a value", get("A: \xC3\xA4\xFF\r\n"), "GET / 0:; end"},
      {"a tab in a value", get("A: b\tc\r\n"), "GET / 0:; end"},
      {"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET / 0:; end"},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / 0:; end"},
      {"empty lines before", "\r\n\r\n" + get(""), "GET / 0:; end"},
      {"empty lines after", get("") + "\r\n\r\n", "GET / 0:; end"},
      {"one after the other", get("") + post("Content-Length: 1\r\n", "a") + get(""),
       "GET / 0:; POST / 1:a; GET / 0:; end"},
      {"a body is no request", post("Content-Length: 19\r\n", "GET /x HTTP/1.1\r\n\r\n"),
       "POST / 19:GET /x HTTP/1.1\r\n\r\n; end"},
      {"identity", post("Content-Encoding: Identity\r\nContent-Length: 1\r\n", "a"),
       "POST / 1:a; end"},
      {"100 lines", get(times(99, "A: b\r\n")), "GET / 0:; end"},
      {"a target of 8000", line("GET /" + std::string(7999, 'a') + " HTTP/1.1"),
       "GET /" + std::string(7999, 'a') + " 0:; end"},

      // How long the connection lives.
      {"close", get("Connection: close\r\n"), "GET / 0: close; end"},
      {"close in a list", get("Connection: a , CLOSE\r\n"), "GET / 0: close; end"},
      {"close wins", get("Connection: keep-alive\r\nConnection: close\r\n"), "GET / 0: close; end"},
      {"closed is another word", get("Connection: closed\r\n"), "GET / 0:; end"},
      {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / 0: close; end"},
      {"HTTP/1.0 kept", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / 0:; end"},
      {"HTTP/1.0 with a length", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
       "POST / 1:a close; end"},

      // Chunks.
      {"chunks", chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "POST / 5:abcde; end"},
      {"no chunk", chunked("0\r\n\r\n"), "POST / 0:; end"},
      {"hex", chunked("00A\r\n0123456789\r\n0\r\n\r\n"), "POST / 10:0123456789; end"},
      {"extensions", chunked("1;a=b;c=\"d\"\r\nx\r\n0;last\r\n\r\n"), "POST / 1:x; end"},
      {"blanks before an extension", chunked("1 \t;a\r\nx\r\n0\r\n\r\n"), "POST / 1:x; end"},
      {"trailers", chunked("1\r\nx\r\n0\r\nA: b\r\nContent-Length: 7\r\n\r\n"), "POST / 1:x; end"},
      {"any case", post("TRANSFER-encoding: CHUNKED\r\n", "0\r\n\r\n"), "POST / 0:; end"},
      {"next request", chunked("1\r\nx\r\n0\r\n\r\n") + get(""), "POST / 1:x; GET / 0:; end"},
      {"a hundred chunks", chunked(times(100, "1\r\nx\r\n") + "0\r\n\r\n"),
       "POST / 100:" + hundred + "; end"},

      // Parts.
      {"half a method", "GE", "more head"},
      {"half an empty line", "\r", "more head"},
      {"half a head", "GET / HTTP/1.1\r\nHost: h\r\n", "more head"},
      {"no body yet", post("Content-Length: 3\r\n", ""), "more body"},
      {"half a body", post("Content-Length: 3\r\n", "ab"), "more body"},
      {"half a chunk", chunked("3\r\nab"), "more body"},
      {"half a size", chunked("3"), "more body"},
      {"no trailer yet", chunked("0\r\n"), "more body"},
      {"waits to go on", post("Expect: 100-Continue\r\nContent-Length: 3\r\n", ""),
       "continue? more body"},
      {"waits to go on with chunks",
       post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", ""), "continue? more body"},
      {"does not wait any more", post("Expect: 100-continue\r\nContent-Length: 3\r\n", "a"),
       "more body"},
      {"waits for nothing", post("Expect: 100-continue\r\n", ""), "POST / 0:; end"},
      {"HTTP/1.0 cannot wait",
       "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "more body"},

      // Request lines that are none.
      {"words", "hello there\r\n", "400 no request line"},
      {"no version", line("GET /"), "400 no request line"},
      {"no target", line("GET HTTP/1.1"), "400 no request line"},
      {"two blanks", line("GET  / HTTP/1.1"), target},
      {"a blank in the target", line("GET /a b HTTP/1.1"), target},
      {"a blank before", line(" GET / HTTP/1.1"), "400 no request line"},
      {"a blank after", line("GET / HTTP/1.1 "), "400 no HTTP"},
      {"a tab", line("GET\t/\tHTTP/1.1"), "400 no request line"},
      {"no token", line("G(T / HTTP/1.1"), "400 no request line"},
      {"a NUL in the method", line("G" + nul + "T / HTTP/1.1"), "400 no request line"},
      {"a NUL in the target", line("GET /" + nul + " HTTP/1.1"), target},
      {"beyond ASCII in the target", line("GET /\xC3\xA4 HTTP/1.1"), target},
      {"a fragment", line("GET /#a HTTP/1.1"), target},
      {"no slash", line("GET a HTTP/1.1"), "400 the target does not begin with `/`"},
      {"CONNECT", line("CONNECT host:443 HTTP/1.1"), "400 the target does not begin with `/`"},
      {"asterisk of another", line("GET * HTTP/1.1"), "400 `*` is a target of OPTIONS only"},
      {"another scheme", line("GET ftp://a/ HTTP/1.1"), foreign},
      {"absolute without host", line("GET http:///a HTTP/1.1"), foreign},
      {"absolute with a user", line("GET http://a@b/ HTTP/1.1"), foreign},
      {"HTTP/2", line("GET / HTTP/2.0"), "505 only HTTP/1.1 and 1.0 are spoken here"},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
       "505 only HTTP/1.1 and 1.0 are spoken here"},
      {"HTTP/1.2", line("GET / HTTP/1.2"), "505 only HTTP/1.1 and 1.0 are spoken here"},
      {"HTTP/0.9", line("GET / HTTP/0.9"), "505 only HTTP/1.1 and 1.0 are spoken here"},
      {"no HTTP", line("GET / http/1.1"), "400 no HTTP"},
      {"HTTP/11", line("GET / HTTP/11"), "400 no HTTP"},
      {"a long target", line("GET /" + std::string(8000, 'a') + " HTTP/1.1"),
       "414 the target is too long"},
      {"a bare LF first", "GET / HTTP/1.1\nHost: h\r\n\r\n", line_end},
      {"a bare LF alone", "\n", line_end},
      {"nothing but empty lines", times(9, "\r\n"), "400 nothing but empty lines"},

      // Header lines that are none.
      {"no colon", get("A\r\n"), control},
      {"no name", get(": a\r\n"), control},
      {"a blank before the colon", get("A : a\r\n"), control},
      {"a tab before the colon", get("A\t: a\r\n"), control},
      {"a folded line", get("A: a\r\n b\r\n"), control},
      {"a line folded with a tab", get("A: a\r\n\tb\r\n"), control},
      {"a blank before the first header", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", control},
      {"a name that is no token", get("A(b): a\r\n"), control},
      {"a name beyond ASCII", get("\xC3\xA4: a\r\n"), control},
      {"a NUL in a value", get("A: a" + nul + "b\r\n"), control},
      {"a NUL in a name", get("A" + nul + ": a\r\n"), control},
      {"a control character", get("A: \x01\r\n"), control},
      {"DEL", get("A: \x7F\r\n"), control},
      {"a bare CR", get("A: a\rContent-Length: 5\r\n"), control},
      {"CR CR LF", get("A: a\r\r\n"), control},
      {"a bare LF", get("A: a\nContent-Length: 5\r\n"), line_end},
      {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n", line_end},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "400 no Host"},
      {"two hosts", get("Host: h\r\n"), "400 more than one Host"},
      {"two hosts, HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
       "400 more than one Host"},
      {"a host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Host is no host"},
      {"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 Host is no host"},
      {"101 lines", get(times(100, "A: b\r\n")), "431 too many header lines"},
      {"100 lines, and a Host in the target",
       "GET http://t/ HTTP/1.0\r\n" + times(100, "A: b\r\n") + "\r\n", "431 too many header lines"},
      {"a long line", get("A: " + std::string(16384, 'a') + "\r\n"), long_head},
      {"a long head", get(times(5, "A: " + std::string(4000, 'a') + "\r\n")), long_head},
      {"a long line without end", "GET /" + std::string(20000, 'a'), long_head},
      {"an expectation", get("Expect: a miracle\r\n"), "417 unknown expectation"},
      {"gzip", get("Content-Encoding: gzip\r\n"),
       "415 a body with a Content-Encoding is not taken"},
      {"identity and gzip", get("Content-Encoding: identity, gzip\r\n"),
       "415 a body with a Content-Encoding is not taken"},

      // Bodies that could be read in two ways.
      {"two lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), two_lengths},
      {"the same length twice", post("Content-Length: 1\r\ncontent-length: 1\r\n", "a"),
       two_lengths},
      {"lengths in a list", post("Content-Length: 1, 1\r\n", "a"), no_length},
      {"negative", post("Content-Length: -1\r\n", ""), no_length},
      {"plus", post("Content-Length: +1\r\n", "a"), no_length},
      {"hex length", post("Content-Length: 0x1\r\n", "a"), no_length},
      {"fraction", post("Content-Length: 1.0\r\n", "a"), no_length},
      {"a blank within", post("Content-Length: 1 0\r\n", "a"), no_length},
      {"empty length", post("Content-Length:\r\n", ""), no_length},
      {"overflow", post("Content-Length: 18446744073709551617\r\n", "a"), no_length},
      {"length, then chunks",
       post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), does_not_go},
      {"chunks, then length",
       post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "0\r\n\r\n"), does_not_go},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       does_not_go},
      {"chunked twice",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), coding},
      {"chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", ""), coding},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", ""), coding},
      {"identity coding", post("Transfer-Encoding: identity\r\n", ""), coding},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n", ""), coding},
      {"chunked with a mark", post("Transfer-Encoding: chunked;a\r\n", ""), coding},
      {"a tab beside a length", post("Content-Length:\t3\r\n", "abc"),
       "400 a tab beside the length of a body"},
      {"a tab beside chunked", post("Transfer-Encoding: chunked\t\r\n", ""),
       "400 a tab beside the length of a body"},
      {"a brace in the host", "GET http://a}b/ HTTP/1.1\r\nHost: h\r\n\r\n",
       "400 the target is no address of ours"},
      {"chunked after a vertical tab", post("Transfer-Encoding: \vchunked\r\n", ""), control},
      {"empty coding", post("Transfer-Encoding:\r\n", ""), coding},
      {"too long", post("Content-Length: 101\r\n", ""), large},
      {"far too long", post("Content-Length: 9999999999999\r\n", ""), large},

      // Chunks that are none.
      {"negative chunk", chunked("-1\r\nx"), chunk},
      {"plus in a size", chunked("+1\r\nx"), chunk},
      {"0x1", chunked("0x1\r\nx\r\n0\r\n\r\n"), chunk},
      {"no size", chunked("\r\n"), chunk},
      {"extension only", chunked(";a\r\n"), chunk},
      {"a word", chunked("xyz\r\n"), chunk},
      {"a blank before the size", chunked(" 1\r\nx\r\n"), chunk},
      {"a blank after the size", chunked("1 \r\nx\r\n"), chunk},
      {"a word after the size", chunked("1 a\r\nx\r\n"), chunk},
      {"overflowing size", chunked("10000000000000001\r\n"), chunk},
      {"nine digits", chunked("000000001\r\nx\r\n"), chunk},
      {"a NUL in an extension", chunked("1;" + nul + "\r\nx\r\n"), chunk},
      {"a bare CR in an extension", chunked("1;a\r0\r\nx\r\n"), chunk},
      {"a bare LF after the size", chunked("1\nx\r\n0\r\n\r\n"), line_end},
      {"a long size line", chunked("1;" + std::string(1024, 'a')),
       "400 a chunk's first line is too long"},
      {"extensions everywhere", chunked(times(40, "1;" + std::string(1000, 'a') + "\r\nx\r\n")),
       "400 more chunk extensions than anyone needs"},
      {"longer than its size", chunked("1\r\nxy\r\n0\r\n\r\n"), "400 a chunk longer than its size"},
      {"a bare LF after a chunk", chunked("1\r\nx\n0\r\n\r\n"), "400 a chunk longer than its size"},
      {"CR and no LF after a chunk", chunked("1\r\nx\r0\r\n\r\n"),
       "400 a chunk longer than its size"},
      {"a chunk too long", chunked("65\r\n"), large},
      {"a chunk much too long", chunked("ffffffff\r\n"), large},
      {"chunks too long", chunked("64\r\n" + hundred + "\r\n1\r\n"), large},
      {"a trailer that is none", chunked("0\r\nGET / HTTP/1.1\r\n"), "400 a trailer that is none"},
      {"a trailer without name", chunked("0\r\n: a\r\n"), "400 a trailer that is none"},
      {"too many trailers", chunked("0\r\n" + times(101, "A: b\r\n")), "431 too many trailers"},
      {"long trailers", chunked("0\r\n" + times(5, "A: " + std::string(4000, 'a') + "\r\n")),
       "431 the trailers are too long"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(story(c.bytes, c.bytes.size() + 1) == c.story);
    for (const unsigned piece : {1U, 2U, 3U, 7U, 19U, 1000U}) {
      CAPTURE(piece);
      CHECK(story(c.bytes, piece) == c.story);
    }
  }
}

TEST_CASE("a head keeps its headers, names in lower case") {
  Framer framer(kBodyBytes);
  const std::string bytes = get("X-Functions-Key:  A b \r\nx-functions-key: second\r\nEmpty:\r\n");
  std::string_view input = bytes;
  auto read = framer.read(input);
  const auto* wire = std::get_if<WireRequest>(&read);
  REQUIRE(wire != nullptr);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"host", "h"}, {"x-functions-key", "A b"}, {"x-functions-key", "second"}, {"empty", ""}};
  CHECK(wire->head.headers == expected);
}

TEST_CASE("a target that names its host says it in place of Host") {
  Framer framer(kBodyBytes);
  const std::string bytes = line("GET http://evil.example:80/x HTTP/1.1");
  std::string_view input = bytes;
  auto read = framer.read(input);
  const auto* wire = std::get_if<WireRequest>(&read);
  REQUIRE(wire != nullptr);
  const std::vector<std::pair<std::string, std::string>> expected = {{"host", "evil.example:80"}};
  CHECK(wire->head.headers == expected);
  CHECK(wire->head.target == "/x");
}
