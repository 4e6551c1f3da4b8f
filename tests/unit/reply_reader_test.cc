// Where answers begin and end, and what is none: one table, read in one piece and in many.
#include "http/reply_reader.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

constexpr std::size_t kMaxBytes = 300;

enum class End { Meant, Cut };

// What came of the bytes, which arrive in pieces of that size: `200 text/plain 3:abc`, then `kept`
// or `closed`; or why there was no answer.
std::string story(std::string_view bytes, End end, std::size_t piece) {
  ReplyReader reader(
      [&]() -> ReplyReader::Piece {
        const std::string_view next = bytes.substr(0, piece);
        bytes.remove_prefix(next.size());
        return {next, next.empty() && end == End::Cut};
      },
      kMaxBytes);
  try {
    const auto reply = reader.read();
    if (!reply) return "nothing";
    // What comes in a later piece is only seen when the connection is used again.
    const bool kept = reader.keeps_connection() && bytes.empty();
    return std::to_string(reply->status) + " " + reply->content_type + " " +
           std::to_string(reply->body.size()) + ":" + reply->body + (kept ? " kept" : " closed");
  } catch (const NoReply& none) {
    return none.reason;
  }
}

std::string ok(std::string_view headers, std::string_view body = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string chunked(std::string_view body) { return ok("Transfer-Encoding: chunked\r\n", body); }

std::string line(std::string_view text) {
  return std::string(text) + "\r\nContent-Length: 0\r\n\r\n";
}

std::string times(int count, std::string_view text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("answers and what is none") {
  struct Case {
    std::string name;
    std::string bytes;
    std::string story;
    End end = End::Meant;
  };
  const std::string unreadable = "its answer cannot be read: ";
  const std::string no_http = unreadable + "it is no HTTP/1.1";
  const std::string no_header = unreadable + "a header line that is none";
  const std::string no_chunk = unreadable + "a chunk without a size";
  const std::string long_chunk = unreadable + "a chunk longer than its size";
  const std::string coding = unreadable + "its Transfer-Encoding is not `chunked`, once";
  const std::string with_rest = unreadable + "its Transfer-Encoding does not go with the rest";
  const std::string no_length = unreadable + "its Content-Length is no number";
  const std::string lengths = unreadable + "it has more than one Content-Length";
  const std::string line_end = unreadable + "a line does not end with CR LF";
  const std::string long_head = unreadable + "its head is too long";
  const std::string large = "its answer has more than 300 bytes";
  const std::string cut = "its answer was cut off";
  const std::string nul(1, '\0');
  const std::string most(kMaxBytes, 'x');
  const Case cases[] = {
      // Whole ones.
      {"a length", ok("Content-Length: 3\r\n", "abc"), "200  3:abc kept"},
      {"a type", ok("Content-Type: text/plain; x=1\r\nContent-Length: 1\r\n", "a"),
       "200 text/plain; x=1 1:a kept"},
      {"the first type", ok("content-type:a\r\nContent-Type: b\r\nContent-Length: 0\r\n"),
       "200 a 0: kept"},
      {"length zero", ok("Content-Length: 0\r\n"), "200  0: kept"},
      {"leading zeros", ok("CONTENT-LENGTH: 003\r\n", "abc"), "200  3:abc kept"},
      {"all bytes", ok("Content-Length: 4\r\n", "\r\n" + nul + "\xFF"),
       "200  4:\r\n" + nul + "\xFF kept"},
      {"401 with a body", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno",
       "401  2:no kept"},
      {"a redirect", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
       "302  0: kept"},
      {"no reason", line("HTTP/1.1 503 "), "503  0: kept"},
      {"no reason, no blank", line("HTTP/1.1 503"), "503  0: kept"},
      {"a reason beyond ASCII", line("HTTP/1.1 200 \xC3\xA4\xFF\t!"), "200  0: kept"},
      {"a status of nobody's", line("HTTP/1.1 999 x"), "999  0: kept"},
      {"encoded stays encoded", ok("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "\x1F\x8B"),
       "200  2:\x1F\x8B kept"},
      {"just not too large", ok("Content-Length: 300\r\n", most), "200  300:" + most + " kept"},

      // How long the connection lives.
      {"close", ok("Connection: x , CLOSE\r\nContent-Length: 0\r\n"), "200  0: closed"},
      {"close wins", ok("Connection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n"),
       "200  0: closed"},
      {"HTTP/1.0", line("HTTP/1.0 200 OK"), "200  0: closed"},
      {"HTTP/1.0, kept", line("HTTP/1.0 200 OK\r\nConnection: Keep-Alive"), "200  0: kept"},
      {"more than an answer", ok("Content-Length: 1\r\n", "abc"), "200  1:a closed"},
      {"two answers", line("HTTP/1.1 200 OK") + line("HTTP/1.1 401 no"), "200  0: closed"},

      // Until the end.
      {"no length", ok("Content-Type: a\r\n", "abc"), "200 a 3:abc closed"},
      {"no length, nothing", ok(""), "200  0: closed"},
      {"no length, cut", ok("", "abc"), cut, End::Cut},
      {"a length, cut behind it", ok("Content-Length: 3\r\n", "abc"), "200  3:abc kept", End::Cut},
      {"no length, most", ok("", most), "200  300:" + most + " closed"},
      {"no length, too large", ok("", most + "x"), large},

      // Without a body.
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", "204  0: kept"},
      {"204 with length zero", line("HTTP/1.1 204 No Content"), "204  0: kept"},
      {"204 that tells a length", "HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\nabc",
       "204  0: closed"},
      {"204 that tells a length and sends nothing", "HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n",
       "204  0: closed"},
      {"204 in chunks", "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", "204  0: closed"},
      {"304", "HTTP/1.1 304 x\r\n\r\n", "304  0: kept"},

      // Interim ones.
      {"100 first", "HTTP/1.1 100 Continue\r\n\r\n" + ok("Content-Length: 1\r\n", "a"),
       "200  1:a kept"},
      {"103 with headers",
       "HTTP/1.1 103 Early\r\nContent-Length: 7\r\nContent-Type: x\r\n\r\n" +
           ok("Content-Length: 1\r\n", "a"),
       "200  1:a kept"},
      {"too many", times(20, "HTTP/1.1 100 Continue\r\n\r\n") + ok("Content-Length: 0\r\n"),
       long_head},
      {"100 and no more", "HTTP/1.1 100 Continue\r\n\r\n", cut},
      {"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       unreadable + "it changes to another protocol, unasked"},

      // Chunks.
      {"chunks", chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "200  5:abcde kept"},
      {"no chunk", chunked("0\r\n\r\n"), "200  0: kept"},
      {"hex", chunked("00A\r\n0123456789\r\n0\r\n\r\n"), "200  10:0123456789 kept"},
      {"extensions", chunked("1;a=b;c=\"d\"\r\nx\r\n0;last\r\n\r\n"), "200  1:x kept"},
      {"trailers", chunked("1\r\nx\r\n0\r\nA: b\r\nContent-Length: 7\r\n\r\n"), "200  1:x kept"},
      {"a byte a chunk", chunked(times(300, "1\r\nx\r\n") + "0\r\n\r\n"),
       "200  300:" + most + " kept"},
      {"chunks that are too large together", chunked(times(301, "1\r\nx\r\n") + "0\r\n\r\n"),
       large},
      {"a chunk that is too large", chunked("12D\r\n"), large},
      {"a huge chunk", chunked("FFFFFFFF\r\n"), large},
      {"a size with 9 digits", chunked("000000001\r\nx\r\n0\r\n\r\n"), no_chunk},
      {"a negative size", chunked("-1\r\n"), no_chunk},
      {"0x", chunked("0x1\r\nx\r\n"), no_chunk},
      {"no size", chunked("\r\n"), no_chunk},
      {"a longer chunk", chunked("1\r\nxy\r\n0\r\n\r\n"), long_chunk},
      {"a chunk that ends with LF", chunked("1\r\nx\n0\r\n\r\n"), long_chunk},
      {"a chunk that ends with CR", chunked("1\r\nx\r0\r\n\r\n"), long_chunk},
      {"a size that ends with LF", chunked("1\nx\r\n0\r\n\r\n"), line_end},
      {"a long first line", chunked("1;" + std::string(1023, 'a') + "\r\nx\r\n0\r\n\r\n"),
       unreadable + "a chunk's first line is too long"},
      {"a kilobyte for each",
       chunked(times(20, "1;" + std::string(1000, 'a') + "\r\nx\r\n") + "0\r\n\r\n"),
       unreadable + "more chunk extensions than anyone needs"},
      {"long trailers", chunked("0\r\n" + times(2000, "A: bcdef\r\n") + "\r\n"),
       unreadable + "its trailer is too long"},
      {"a trailer that is none", chunked("0\r\nA b\r\n\r\n"),
       unreadable + "a trailer that is none"},
      {"chunks without an end", chunked("1\r\nx\r\n"), cut},
      {"no empty line behind the last", chunked("0\r\n"), cut},
      {"half a chunk", chunked("3\r\nab"), cut},

      // Lengths that two readers could take in two ways.
      {"two lengths", ok("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), lengths},
      {"a list of lengths", ok("Content-Length: 3, 3\r\n", "abc"), no_length},
      {"no number", ok("Content-Length: abc\r\n"), no_length},
      {"an empty length", ok("Content-Length:\r\n"), no_length},
      {"a negative length", ok("Content-Length: -1\r\n"), no_length},
      {"a plus", ok("Content-Length: +1\r\n", "a"), no_length},
      {"hex length", ok("Content-Length: 0x1\r\n", "a"), no_length},
      {"more than 64 bits", ok("Content-Length: 18446744073709551617\r\n", "a"), no_length},
      {"length and chunks", ok("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       with_rest},
      {"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       with_rest},
      {"chunked twice", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), coding},
      {"another coding", ok("Transfer-Encoding: gzip, chunked\r\n"), coding},
      {"identity", ok("Transfer-Encoding: identity\r\n"), coding},

      // Too large.
      {"a length that is too large", ok("Content-Length: 301\r\n"), large},
      {"a huge length", ok("Content-Length: 18446744073709551615\r\n"), large},
      {"a long line", ok("A: " + most + "\r\n"), long_head},
      {"many lines", ok(times(50, "A: bcd\r\n")), long_head},
      {"a line without an end", "HTTP/1.1 200 " + most + most, long_head},

      // What is no answer.
      {"nothing", "", "nothing"},
      {"nothing, cut", "", "nothing", End::Cut},
      {"another protocol's greeting", "220 mail.example ESMTP\r\n", no_http},
      {"an SSH server", "SSH-2.0-OpenSSH_9.2\r\n", no_http},
      {"a body only", "{\"iotHubHostName\":\"x\"}\r\n", no_http},
      {"an empty line first", "\r\n" + ok("Content-Length: 0\r\n"), no_http},
      {"HTTP/2", line("HTTP/2 200"), no_http},
      {"HTTP/1.2", line("HTTP/1.2 200 OK"), no_http},
      {"lower case", line("http/1.1 200 OK"), no_http},
      {"two blanks", line("HTTP/1.1  200 OK"), no_http},
      {"two digits", line("HTTP/1.1 20 OK"), no_http},
      {"four digits", line("HTTP/1.1 2000 OK"), no_http},
      {"no digits", line("HTTP/1.1 OK"), no_http},
      {"status 099", line("HTTP/1.1 099 OK"), no_http},
      {"a negative status", line("HTTP/1.1 -20 OK"), no_http},
      {"no status", line("HTTP/1.1 "), no_http},
      {"a short version", line("HTTP/1."), no_http},
      {"a control character in the reason", line("HTTP/1.1 200 O\x01K"), no_http},
      {"LF only", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", line_end},
      {"a bare CR", ok("A: b\rContent-Length: 3\r\n"), no_header},
      {"no colon", ok("Content-Length 3\r\n"), no_header},
      {"a blank before the colon", ok("Content-Length : 3\r\n", "abc"), no_header},
      {"a folded line", ok("A: b\r\n c\r\nContent-Length: 0\r\n"), no_header},
      {"no name", ok(": b\r\n"), no_header},
      {"NUL in a value", ok("A: " + nul + "\r\n"), no_header},

      // Cut off half way.
      {"half a status line", "HTTP/1.1 2", cut},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", cut},
      {"no body yet", ok("Content-Length: 3\r\n"), cut},
      {"half a body", ok("Content-Length: 3\r\n", "ab"), cut},
      {"half a body, cut", ok("Content-Length: 3\r\n", "ab"), cut, End::Cut},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(story(c.bytes, c.end, std::max<std::size_t>(c.bytes.size(), 1)) == c.story);
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL})
      CHECK(story(c.bytes, c.end, piece) == c.story);
  }
}
