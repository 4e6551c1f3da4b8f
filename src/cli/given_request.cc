#include "cli/given_request.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"
#include "webhook/raw_member.h"
#include "webhook/recorded_request.h"
#include "webhook/request_pieces.h"

namespace allocd {
namespace {

constexpr const char* kWithout =
    ", which the decision log has only where `decisionLog.requests` is on";

// The device that a record or a body names.
std::optional<std::string> device_of(std::string_view value) {
  const auto context = raw_member(value, "deviceRuntimeContext");
  const auto id = raw_member(context.value_or(value), "registrationId");
  return id ? text_of_raw(*id) : std::nullopt;
}

// A record's request; nothing of what is no record.
std::optional<std::string> request_of_record(std::string_view value) {
  const auto request = recorded_request(value);
  if (const auto* owned = std::get_if<std::string>(&request)) return *owned;
  const auto* piece = std::get_if<std::string_view>(&request);
  if (piece == nullptr || piece->data() == value.data()) return std::nullopt;
  return std::string(*piece);
}

bool lacks_request(std::string_view value) {
  return std::holds_alternative<NoRequest>(recorded_request(value));
}

// What there is in a file of requests.
struct Found {
  std::size_t values = 0;
  std::string last;                      // the last of them
  std::size_t matches = 0;               // those of the device that is asked for
  std::optional<std::string> last_body;  // the body of the last one of them that has one
};

Found look_through(std::string_view text, std::string_view registration_id) {
  Found out;
  RequestPieces pieces([&](const RequestPiece& piece) {
    if (!piece.text.starts_with('{')) return;
    ++out.values;
    out.last = piece.text;
    if (registration_id.empty()) return;
    auto inner = request_of_record(piece.text);
    auto device = device_of(piece.text);
    if (!device && inner) device = device_of(*inner);
    if (!device || !equal_ignoring_case(*device, registration_id)) return;
    ++out.matches;
    if (inner) {
      out.last_body = std::move(inner);
    } else if (!lacks_request(piece.text)) {
      out.last_body = piece.text;
    }
  });
  pieces.feed(text);
  pieces.finish();
  return out;
}

}  // namespace

GivenRequest given_request(std::string text, std::string_view registration_id) {
  Found found = look_through(text, registration_id);
  if (!registration_id.empty()) {
    const std::string device = in_backticks(registration_id);
    if (found.matches == 0) return {{}, "has no request of " + device};
    if (!found.last_body)
      return {{}, "has no record of " + device + " with its request" + kWithout};
    return {*std::move(found.last_body), {}};
  }
  if (found.values > 1)
    return {{},
            "has " + std::to_string(found.values) +
                " requests; `--registration-id ID` chooses the last one of a device"};
  if (found.values == 1) {
    if (lacks_request(found.last))
      return {{}, "is a record of a decision without its request" + std::string(kWithout)};
    if (auto request = request_of_record(found.last)) return {*std::move(request), {}};
  }
  return {std::move(text), {}};
}

}  // namespace allocd
