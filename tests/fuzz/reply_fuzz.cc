// Any bytes as the answer of a server: the same one however they are cut, and within its bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/reply_reader.h"
#include "http/syntax.h"

namespace {

constexpr std::size_t kMaxBytes = 200;

void expect(bool holds) {
  if (!holds) std::abort();
}

struct Reading {
  std::optional<allocd::HttpReply> reply;
  std::string refusal;
};

Reading read(std::string_view bytes, std::size_t piece) {
  const auto receive = [&]() -> allocd::ReplyReader::Piece {
    const std::string_view next = bytes.substr(0, piece);
    bytes.remove_prefix(next.size());
    return {next};
  };
  Reading out;
  allocd::ReplyReader reader(receive, kMaxBytes);
  try {
    out.reply = reader.read();
  } catch (const allocd::NoReply& none) {
    out.refusal = none.reason;
    expect(!out.refusal.empty());
  }
  return out;
}

void expect_sound(const allocd::HttpReply& reply) {
  expect(reply.status >= 200 && reply.status <= 999);
  expect(reply.body.size() <= kMaxBytes && reply.content_type.size() <= kMaxBytes);
  expect(!allocd::has_control_character(reply.content_type));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(bytes, size + 1);
  if (whole.reply) expect_sound(*whole.reply);
  for (const std::size_t piece : {1UL, 2UL, 5UL, 40UL}) {
    const Reading again = read(bytes, piece);
    expect(again.refusal == whole.refusal);
    expect(again.reply.has_value() == whole.reply.has_value());
    if (!whole.reply) continue;
    expect(again.reply->status == whole.reply->status && again.reply->body == whole.reply->body);
    expect(again.reply->content_type == whole.reply->content_type);
  }
  return 0;
}
