// Answers as they go onto a connection.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "http/framer.h"
#include "http/server.h"

namespace allocd {

enum class Ending { KeepAlive, KeepAliveSaid, Close };  // said: to HTTP/1.0, which closes otherwise

// As the header `Date` has it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string http_date(std::time_t time);

// The date of this second, made anew when that is over.
class DateText {
 public:
  std::string_view now();

 private:
  std::time_t second_ = 0;
  std::string text_;
};

// Appends `response`, given at `date`, to `out`. The answer to HEAD tells the length of its body,
// and leaves it out.
void append_answer(HttpResponse response, std::string_view date, Ending ending, bool head_only,
                   std::string& out);

// Appends the answer to something that is no request; the connection ends with it.
void append_failure(const WireFailure& failure, std::string_view date, std::string& out);

}  // namespace allocd
