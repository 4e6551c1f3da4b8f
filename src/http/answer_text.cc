#include "http/answer_text.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace allocd {

namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

void append_number(std::size_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void append_header(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// INVARIANT: a value is one line, whatever it was made of.
void make_one_line(std::string& value) {
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
}

}  // namespace

std::string http_date(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string_view DateText::now() {
  const std::time_t second = std::time(nullptr);
  if (text_.empty() || second != second_) text_ = http_date(second_ = second);
  return text_;
}

void append_answer(HttpResponse response, std::string_view date, Ending ending, bool head_only,
                   std::string& out) {
  const bool bodiless = response.status == 204 || response.status == 304;
  out += "HTTP/1.1 ";
  append_number(static_cast<std::size_t>(response.status), out);
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  append_header("Date", date, out);
  for (auto& [name, value] : response.headers) {
    make_one_line(value);
    append_header(name, value, out);
  }
  if (!bodiless) {
    append_header("Content-Type", response.content_type, out);
    out += "Content-Length: ";
    append_number(response.body.size(), out);
    out += "\r\n";
  }
  if (ending == Ending::Close) out += "Connection: close\r\n";
  if (ending == Ending::KeepAliveSaid) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!head_only && !bodiless) out += response.body;
}

void append_failure(const WireFailure& failure, std::string_view date, std::string& out) {
  HttpResponse response{failure.status, "text/plain", failure.text + "\n", {}};
  if (failure.status == 503) response.headers.emplace_back("Retry-After", "1");
  append_answer(std::move(response), date, Ending::Close, false, out);
}

}  // namespace allocd
