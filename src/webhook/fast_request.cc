#include "webhook/fast_request.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <simdjson.h>
#include <utility>

namespace allocd {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// Below what parse_request() takes, so that nothing it refuses is read here.
constexpr std::size_t kMaxDepth = 60;
// An object with more members is not what DPS sends; finding doubles in it needs more than pairs.
constexpr std::size_t kMostMembers = 64;

bool is_null(const element& value) { return value.type() == element_type::NULL_VALUE; }

// Names that have come up in one object.
class Names {
 public:
  // False where it came up before, or there are too many.
  bool add(std::string_view name) {
    if (count_ == kMostMembers) return false;
    for (std::size_t i = 0; i < count_; ++i)
      if (names_[i] == name) return false;
    names_[count_++] = name;
    return true;
  }

 private:
  std::array<std::string_view, kMostMembers> names_;
  std::size_t count_ = 0;
};

// No member twice, in there or in anything inside.
bool is_unambiguous(const element& value) {
  if (value.type() == element_type::OBJECT) {
    Names names;
    for (const auto& [name, inside] : object(value))
      if (!names.add(name) || !is_unambiguous(inside)) return false;
  } else if (value.type() == element_type::ARRAY) {
    for (const element inside : array(value))
      if (!is_unambiguous(inside)) return false;
  }
  return true;
}

// Nothing where a member stands twice.
std::optional<Json> to_json(const element& value) {
  switch (value.type()) {
    case element_type::ARRAY: {
      Json out = Json::array();
      for (const element inside : array(value)) {
        auto item = to_json(inside);
        if (!item) return std::nullopt;
        out.push_back(std::move(*item));
      }
      return out;
    }
    case element_type::OBJECT: {
      Json out = Json::object();
      auto& members = out.get_ref<Json::object_t&>();
      Names names;
      for (const auto& [name, inside] : object(value)) {
        auto member = names.add(name) ? to_json(inside) : std::nullopt;
        if (!member) return std::nullopt;
        members.emplace_back(std::string(name), std::move(*member));
      }
      return out;
    }
    case element_type::INT64: {
      const std::int64_t number = value.get_int64().value_unsafe();
      return number < 0 ? Json(number) : Json(static_cast<std::uint64_t>(number));
    }
    case element_type::UINT64: return Json(value.get_uint64().value_unsafe());
    case element_type::DOUBLE: return Json(value.get_double().value_unsafe());
    case element_type::STRING: return Json(std::string(value.get_string().value_unsafe()));
    case element_type::BOOL: return Json(value.get_bool().value_unsafe());
    case element_type::NULL_VALUE: return Json(nullptr);
  }
  return std::nullopt;
}

// The members of a request that have names of their own.
struct Envelope {
  std::optional<element> context, group, individual, hubs;
};

class Reader {
 public:
  Reader(const FieldTable& fields, RequestValues& out) : fields_(fields), out_(out) {}

  bool read(const element& root) {
    Envelope envelope;
    if (root.type() != element_type::OBJECT || !split(object(root), envelope)) return false;
    if (!read_context(envelope.context) || !read_hubs(envelope.hubs)) return false;
    if (!is_record(envelope.group, "enrollmentGroupId") ||
        !is_record(envelope.individual, "registrationId"))
      return false;
    if (!walk(root, fields_.request_root())) return false;
    const auto& record = envelope.group ? envelope.group : envelope.individual;
    if (!record) return true;
    set(fields_.enrollment_kind_slot(),
        Value(std::string_view(envelope.group ? "group" : "individual")));
    if (const auto id = text_of(*record, envelope.group ? "enrollmentGroupId" : "registrationId"))
      set(fields_.enrollment_id_slot(), Value(*id));
    return walk(*record, fields_.enrollment_root());
  }

 private:
  static bool split(const object& root, Envelope& out) {
    Names names;
    for (const auto& [name, value] : root) {
      if (!names.add(name)) return false;
      if (is_null(value)) continue;
      if (name == "deviceRuntimeContext") {
        out.context = value;  // judged by read_context()
        continue;
      }
      if (!is_unambiguous(value)) return false;
      if (name == "linkedHubs") out.hubs = value;
      if (name == "enrollmentGroup") out.group = value;
      if (name == "individualEnrollment") out.individual = value;
    }
    return true;
  }

  // False where something has a type that it must not have.
  bool read_context(const std::optional<element>& context) {
    if (!context) return true;
    if (context->type() != element_type::OBJECT) return false;
    Names names;
    std::string_view attestation;
    int attestation_rank = 3;
    for (const auto& [name, value] : object(*context)) {
      if (!names.add(name)) return false;
      if (name == "payload" || is_null(value)) continue;
      if (!is_unambiguous(value)) return false;
      const bool text = value.type() == element_type::STRING;
      if (name == "registrationId") {
        if (!text) return false;
        out_.registration_id = value.get_string().value_unsafe();
      } else if (name == "currentIotHubHostName" || name == "currentDeviceId") {
        if (!text) return false;
      } else {
        for (int rank = 0; rank < 3; ++rank) {
          if (kAttestations[static_cast<std::size_t>(rank)] != name) continue;
          if (value.type() != element_type::OBJECT) return false;
          if (rank < attestation_rank) {
            attestation_rank = rank;
            attestation = kAttestations[static_cast<std::size_t>(rank)];
          }
        }
      }
    }
    if (!attestation.empty()) set(fields_.attestation_slot(), Value(attestation));
    return true;
  }

  bool read_hubs(const std::optional<element>& hubs) {
    if (!hubs) return true;
    if (hubs->type() != element_type::ARRAY) return false;
    auto& names = out_.linked_hubs.emplace();
    for (const element hub : array(*hubs)) {
      if (hub.type() != element_type::STRING) return false;
      names.push_back(hub.get_string().value_unsafe());
    }
    return true;
  }

  static std::optional<std::string_view> text_of(const element& record, std::string_view name) {
    std::string_view text;
    if (object(record)[name].get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
  }

  static bool is_record(const std::optional<element>& record, std::string_view id) {
    if (!record) return true;
    if (record->type() != element_type::OBJECT) return false;
    element value;
    if (object(*record)[id].get(value) != simdjson::SUCCESS) return true;
    return is_null(value) || value.type() == element_type::STRING;
  }

  void set(std::size_t slot, const Value& value) {
    if (slot != FieldTable::kNone) out_.fields.set(slot, value);
  }

  bool set(std::size_t slot, const element& value) {
    switch (value.type()) {
      case element_type::NULL_VALUE: return true;
      case element_type::BOOL: set(slot, Value(value.get_bool().value_unsafe())); return true;
      case element_type::INT64: set(slot, Value(value.get_int64().value_unsafe())); return true;
      case element_type::UINT64: set(slot, Value(value.get_uint64().value_unsafe())); return true;
      case element_type::DOUBLE: set(slot, Value(value.get_double().value_unsafe())); return true;
      case element_type::STRING: set(slot, Value(value.get_string().value_unsafe())); return true;
      case element_type::ARRAY:
      case element_type::OBJECT: break;
    }
    auto json = to_json(value);
    if (!json) return false;
    set(slot, Value(out_.fields.keep(std::move(*json))));
    return true;
  }

  // As FieldTable::read() does, over the other kind of tree. False where a member stands twice.
  bool walk(const element& value, const FieldTable::Node& node) {
    if (node.slot != FieldTable::kNone && !set(node.slot, value)) return false;
    if (node.children.empty()) return true;
    if (value.type() == element_type::OBJECT) {
      Names names;
      for (const auto& [name, inside] : object(value)) {
        if (!names.add(name)) return false;
        if (const auto child = node.children.find(name); child != node.children.end())
          if (!walk(inside, fields_.node(child->second))) return false;
      }
    } else if (value.type() == element_type::ARRAY) {
      for (const auto& [step, child] : node.children) {
        element inside;
        const auto index = array_index(step);
        if (index && array(value).at(*index).get(inside) == simdjson::SUCCESS)
          if (!walk(inside, fields_.node(child))) return false;
      }
    }
    return true;
  }

  static constexpr std::array<std::string_view, 3> kAttestations = {"symmetricKey", "x509", "tpm"};

  const FieldTable& fields_;
  RequestValues& out_;
};

}  // namespace

std::optional<RequestValues> read_fast(std::string_view body, const FieldTable& fields) {
  thread_local simdjson::dom::parser parser;
  thread_local const bool ready = parser.allocate(4096, kMaxDepth) == simdjson::SUCCESS;
  element root;
  if (!ready || parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS)
    return std::nullopt;
  std::optional<RequestValues> out(std::in_place, fields.slots());
  if (!Reader(fields, *out).read(root)) return std::nullopt;
  return out;
}

}  // namespace allocd
