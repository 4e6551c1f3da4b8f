// Any bytes as a webhook body: a request that can be written and read again, or one clean sentence.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "diagnostics/utf8.h"
#include "policy/json_text.h"
#include "policy/request_values.h"
#include "webhook/fast_request.h"
#include "webhook/parse_request.h"
#include "webhook/reply.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void expect_clean_sentence(const std::string& reason) {
  expect(!reason.empty() && reason.size() < 1000 && reason.back() == '.');
  expect(allocd::first_invalid_utf8(reason) == std::string::npos);
  for (const char c : reason) expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

// What was understood must mean the same when it is read once more.
void expect_stable(const allocd::AllocationRequest& request) {
  const std::string text = request.body.dump();
  const auto again = allocd::parse_request(text);
  const auto* same = std::get_if<allocd::AllocationRequest>(&again);
  expect(same != nullptr);
  expect(same->body.dump() == text);
  expect(same->registration_id == request.registration_id);
  expect(same->linked_hubs == request.linked_hubs);
}

void expect_reply(const allocd::Decision& decision, int status) {
  const allocd::Reply reply = allocd::render_reply(decision);
  expect(reply.status == status);
  expect(allocd::first_invalid_utf8(reply.body) == std::string::npos);
  if (status == 200) expect(nlohmann::json::accept(reply.body));
}

// The quick reader and the strict one see the same request, field by field.
void expect_same_reading(std::string_view body) {
  static const allocd::FieldTable kFields = [] {
    allocd::FieldTable fields;
    for (const char* name : {"payload", "payload.a", "payload.a.b", "payload.a.0",
                             "currentDeviceId", "attestation", "enrollment", "enrollment.id",
                             "enrollment.kind", "enrollment.a.b", "/a", "/linkedHubs/0"})
      fields.slot_of(std::get<allocd::Field>(allocd::parse_field(name)));
    return fields;
  }();
  const auto fast = allocd::read_fast(body, kFields);
  if (!fast) return;
  const auto parsed = allocd::parse_request(body);
  const auto* request = std::get_if<allocd::AllocationRequest>(&parsed);
  expect(request != nullptr);
  const allocd::RequestValues slow = allocd::values_of(kFields, *request);
  expect(fast->registration_id == slow.registration_id && fast->linked_hubs == slow.linked_hubs);
  for (std::size_t i = 0; i < kFields.slots(); ++i) {
    expect(fast->fields[i].is_absent() == slow.fields[i].is_absent());
    expect(fast->fields[i].json().dump() == slow.fields[i].json().dump());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  expect_same_reading(body);
  const auto parsed = allocd::parse_request(body);

  allocd::Decision decision;
  if (const auto* bad = std::get_if<allocd::BadRequest>(&parsed)) {
    expect_clean_sentence(bad->reason);
    decision.reason = body;  // worse than any reason that we word
    expect_reply(decision, 400);
    return 0;
  }
  const auto& request = std::get<allocd::AllocationRequest>(parsed);
  expect(request.body.is_object());
  expect_stable(request);
  decision.outcome = allocd::Outcome::Allocate;
  decision.hub = request.registration_id.value_or("");
  std::string text;
  allocd::append_json(text, request.body);
  expect(text == request.body.dump());
  decision.initial_twin = allocd::RenderedJson(text);
  decision.payload = allocd::RenderedJson(text);
  expect_reply(decision, 200);
  return 0;
}
