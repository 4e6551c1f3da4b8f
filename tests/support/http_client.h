// A client of plain sockets: it sends what it is told, byte by byte if need be, and reads answers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace allocd::test {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// A blocking socket with bounded waits, connected to HOST:PORT in numbers or to `unix:PATH`. Throws
// std::runtime_error where nobody answers.
int connected_socket(const std::string& address);

// The answer at the front of `input`, taken out of it; `receive` appends more to it, or says false.
std::optional<HttpAnswer> take_answer(std::string& input, const std::function<bool()>& receive,
                                      bool head_only = false);

// One connection. Every wait is bounded by ten seconds; what takes longer counts as failed.
class HttpClient {
 public:
  // To an address as HttpServer says it. Throws std::runtime_error where nobody answers.
  explicit HttpClient(const std::string& address);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False where the other side has gone.
  bool send(std::string_view bytes);
  // Ends the sending side.
  void finish_sending();
  // The next answer, interim ones (100) too; nothing where the other side closed instead.
  // `head_only`: the answer to HEAD, which has a length but no body.
  std::optional<HttpAnswer> read_answer(bool head_only = false);
  // Whether the other side closes, with nothing more to say.
  bool is_closed();
  // The socket; still this object's.
  int fd() const { return fd_; }

 private:
  bool receive();

  int fd_;
  std::string input_;
};

// A request with a Content-Length, whole.
std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers = "");

// One request on a connection of its own.
std::optional<HttpAnswer> ask(const std::string& address, std::string_view request);

}  // namespace allocd::test
