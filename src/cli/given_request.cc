#include "cli/given_request.h"

#include <cstddef>
#include <istream>
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

constexpr std::size_t kChunkBytes = std::size_t{1} << 18U;
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

// What there is in a file of requests, as far as it was fed.
class Search {
 public:
  explicit Search(std::string_view registration_id)
      : registration_id_(registration_id),
        pieces_([this](const RequestPiece& piece) { take(piece.text); }) {}

  void feed(std::string_view text) {
    pieces_.feed(text);
    if (!registration_id_.empty()) return;
    // As a body: of interest only while it may be one.
    values_ > 1 ? all_.clear() : void(all_.append(text));
  }

  GivenRequest finish() {
    pieces_.finish();
    return registration_id_.empty() ? the_only_one() : last_of_device();
  }

 private:
  void take(std::string_view value) {
    if (!value.starts_with('{')) return;
    ++values_;
    if (registration_id_.empty()) {
      if (values_ == 1) first_ = value;
      return;
    }
    auto inner = request_of_record(value);
    auto device = device_of(value);
    if (!device && inner) device = device_of(*inner);
    if (!device || !equal_ignoring_case(*device, registration_id_)) return;
    was_seen_ = true;
    if (inner) {
      last_body_ = std::move(inner);
    } else if (!lacks_request(value)) {
      last_body_ = value;
    }
  }

  GivenRequest last_of_device() {
    const std::string device = in_backticks(registration_id_);
    if (!was_seen_) return {{}, "has no request of " + device};
    if (!last_body_) return {{}, "has no record of " + device + " with its request" + kWithout};
    return {*std::move(last_body_), {}};
  }

  GivenRequest the_only_one() {
    if (values_ > 1)
      return {{},
              "has " + std::to_string(values_) +
                  " requests; `--registration-id ID` chooses the last one of a device"};
    if (values_ == 1) {
      if (lacks_request(first_))
        return {{}, "is a record of a decision without its request" + std::string(kWithout)};
      if (auto request = request_of_record(first_)) return {*std::move(request), {}};
    }
    return {std::move(all_), {}};
  }

  std::string_view registration_id_;
  RequestPieces pieces_;
  std::size_t values_ = 0;
  std::string first_;                     // value, where no device is asked for
  std::string all_;                       // likewise
  bool was_seen_ = false;                 // the device that is asked for
  std::optional<std::string> last_body_;  // the body of the last one of it that has one
};

}  // namespace

GivenRequest given_request(std::istream& text, std::string_view registration_id) {
  Search search(registration_id);
  std::string chunk(kChunkBytes, '\0');
  do {
    text.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    search.feed(std::string_view(chunk).substr(0, static_cast<std::size_t>(text.gcount())));
  } while (text);
  return search.finish();
}

}  // namespace allocd
