// Answers as they go onto a connection.
#pragma once

#include <string>

#include "http/framer.h"
#include "http/server.h"

namespace allocd {

enum class Ending { KeepAlive, KeepAliveSaid, Close };  // said: to HTTP/1.0, which closes otherwise

// Appends `response` to `out`. The answer to HEAD tells the length of its body, and leaves it out.
void append_answer(const HttpResponse& response, Ending ending, bool head_only, std::string& out);

// Appends the answer to something that is no request; the connection ends with it.
void append_failure(const WireFailure& failure, std::string& out);

}  // namespace allocd
