// Any bytes as a connection's: the same requests however they are cut, and each of them sound.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/answer_text.h"
#include "http/framer.h"
#include "http/syntax.h"
#include "http/translator.h"

namespace {

constexpr std::size_t kBodyBytes = 200;

void expect(bool holds) {
  if (!holds) std::abort();
}

struct Reading {
  std::vector<allocd::WireRequest> requests;
  std::optional<allocd::WireFailure> failure;
  bool started = false;
  bool head = false;
  bool waits = false;
};

template <typename NextPiece>
Reading read(std::string_view bytes, NextPiece next_piece) {
  Reading out;
  allocd::Framer framer(kBodyBytes);
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, next_piece());
    bytes.remove_prefix(input.size());
    while (!input.empty()) {
      const std::size_t before = input.size();
      auto got = framer.read(input);
      if (auto* failure = std::get_if<allocd::WireFailure>(&got)) {
        out.failure = std::move(*failure);
        return out;
      }
      expect(input.size() < before);
      if (auto* request = std::get_if<allocd::WireRequest>(&got)) {
        out.requests.push_back(std::move(*request));
      } else {
        expect(input.empty());
      }
    }
  }
  out.started = framer.has_started();
  out.head = framer.has_head();
  out.waits = framer.take_expectation();
  return out;
}

void expect_same(const Reading& a, const Reading& b) {
  expect(a.requests.size() == b.requests.size());
  for (std::size_t i = 0; i < a.requests.size(); ++i) {
    const auto& x = a.requests[i];
    const auto& y = b.requests[i];
    expect(x.body == y.body && x.head.method == y.head.method && x.head.target == y.head.target);
    expect(x.head.headers == y.head.headers && x.head.keep_alive == y.head.keep_alive);
  }
  expect(a.failure.has_value() == b.failure.has_value());
  if (a.failure)
    expect(a.failure->status == b.failure->status && a.failure->text == b.failure->text);
  expect(a.started == b.started && a.head == b.head && a.waits == b.waits);
}

void expect_sound(const allocd::WireRequest& request) {
  const allocd::RequestHead& head = request.head;
  expect(!head.method.empty() && head.headers.size() <= allocd::kMaxHeaderLines);
  expect(head.target.size() <= allocd::kMaxTargetBytes + 1);
  expect(head.target.starts_with('/') || head.target == "*");
  for (const char c : head.target) expect(c > 0x20 && c < 0x7F);
  expect(request.body.size() <= kBodyBytes);
  if (!head.chunked) expect(request.body.size() == head.content_length);
  int hosts = 0;
  for (const auto& [name, value] : head.headers) {
    expect(!allocd::has_control_character(name) && !allocd::has_control_character(value));
    if (name == "host") ++hosts;
  }
  expect(hosts == 1 || (hosts == 0 && head.version_1_0));
}

// Both ways to what handlers see agree.
void expect_translated(const allocd::WireRequest& request) {
  static allocd::Translator translator;
  const auto shortest = translator.translate(request);
  const auto library = translator.translate(request, allocd::Translator::Way::Library);
  expect(shortest.has_value() == library.has_value());
  if (!shortest) return;
  expect(shortest->path == library->path && shortest->query == library->query);
  expect(shortest->method == library->method && shortest->body == library->body);
  expect(shortest->headers == library->headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(bytes, [&] { return bytes.size(); });
  for (const allocd::WireRequest& request : whole.requests) {
    expect_sound(request);
    expect_translated(request);
  }
  if (whole.failure) {
    std::string answer;
    allocd::append_failure(*whole.failure, "now", answer);
    expect(whole.failure->status >= 400 && answer.starts_with("HTTP/1.1 "));
  }
  expect_same(whole, read(bytes, [] { return 1; }));
  std::minstd_rand random(static_cast<std::uint32_t>(size) + (size > 0 ? data[size / 2] : 0U));
  expect_same(whole, read(bytes, [&] { return 1 + random() % 40; }));
  return 0;
}
