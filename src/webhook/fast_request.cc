#include "webhook/fast_request.h"

#include <algorithm>
#include <array>
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

// Whether no member stands twice, where `inside` judges what the members hold. Names that leave
// different marks are different, so that few are compared letter by letter.
template <typename Inside>
bool has_no_doubles(const object& value, Inside inside) {
  std::uint64_t marks = 0;
  std::size_t count = 0;
  const auto begin = value.begin();
  const auto end = value.end();
  for (auto member = begin; member != end; ++member, ++count) {
    const std::string_view name = member.key();
    const std::size_t letters =
        name.empty() ? 0 : static_cast<std::size_t>(5 * name.front() + 3 * name.back());
    const std::uint64_t mark = std::uint64_t{1} << ((name.size() + letters) % 64);
    if ((marks & mark) != 0)
      for (auto other = begin; other != member; ++other)
        if (other.key() == name) return false;
    marks |= mark;
    if (count == kMostMembers || !inside(name, member.value())) return false;
  }
  return true;
}

// The same, in there and in anything inside.
bool has_no_doubles(const element& value) {
  if (value.is<object>())
    return has_no_doubles(object(value), [](std::string_view, const element& member) {
      return has_no_doubles(member);
    });
  if (value.is<array>())
    for (const element inside : array(value))
      if (!has_no_doubles(inside)) return false;
  return true;
}

// INVARIANT: no member stands twice in there.
Json to_json(const element& value) {
  switch (value.type()) {
    case element_type::ARRAY: {
      Json out = Json::array();
      for (const element inside : array(value)) out.push_back(to_json(inside));
      return out;
    }
    case element_type::OBJECT: {
      Json out = Json::object();
      auto& members = out.get_ref<Json::object_t&>();
      for (const auto& [name, inside] : object(value))
        members.emplace_back(std::string(name), to_json(inside));
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
    case element_type::NULL_VALUE: break;
  }
  return nullptr;
}

// Members of a request that are read when all of them are known.
struct Envelope {
  std::optional<element> group, individual, hubs;
};

class Reader {
 public:
  Reader(const FieldTable& fields, RequestValues& out) : fields_(fields), out_(out) {}

  // False where something has a type that it must not have, or stands twice.
  bool read(const element& root) {
    Envelope envelope;
    if (root.type() != element_type::OBJECT || !split(object(root), envelope)) return false;
    if (!read_hubs(envelope.hubs)) return false;
    if (!is_record(envelope.group, "enrollmentGroupId") ||
        !is_record(envelope.individual, "registrationId"))
      return false;
    walk(root, fields_.request_root());
    if (fields_.reads_certificate()) fields_.read_certificate(certificate_, out_.fields);
    const auto& record = envelope.group ? envelope.group : envelope.individual;
    if (!record) return true;
    set(fields_.enrollment_kind_slot(),
        Value(std::string_view(envelope.group ? "group" : "individual")));
    if (const auto id = text_of(*record, envelope.group ? "enrollmentGroupId" : "registrationId"))
      set(fields_.enrollment_id_slot(), Value(*id));
    walk(*record, fields_.enrollment_root());
    return true;
  }

 private:
  bool split(const object& root, Envelope& out) {
    return has_no_doubles(root, [&](std::string_view name, const element& value) {
      if (is_null(value)) return true;
      if (name == "deviceRuntimeContext") return read_context(value);
      if (name == "linkedHubs") out.hubs = value;
      if (name == "enrollmentGroup") out.group = value;
      if (name == "individualEnrollment") out.individual = value;
      return has_no_doubles(value);
    });
  }

  bool read_context(const element& context) {
    if (context.type() != element_type::OBJECT) return false;
    std::size_t attestation = kAttestations.size();
    const auto read_member = [&](std::string_view name, const element& value) {
      if (is_null(value)) return true;
      // What the device wrote may hold a member twice, as long as nobody looks.
      if (name == "payload") return !fields_.reads_payload() || has_no_doubles(value);
      if (name == "registrationId" || name == "currentIotHubHostName" ||
          name == "currentDeviceId") {
        if (value.type() != element_type::STRING) return false;
        if (name == "registrationId") out_.registration_id = value.get_string().value_unsafe();
        return true;
      }
      const auto* const known = std::find(kAttestations.begin(), kAttestations.end(), name);
      if (known != kAttestations.end()) {
        if (value.type() != element_type::OBJECT) return false;
        attestation =
            std::min(attestation, static_cast<std::size_t>(known - kAttestations.begin()));
        if (name == "x509") certificate_ = text_of(value, "clientCertificate");
      }
      return has_no_doubles(value);
    };
    if (!has_no_doubles(object(context), read_member)) return false;
    if (attestation < kAttestations.size())
      set(fields_.attestation_slot(), Value(kAttestations[attestation]));
    return true;
  }

  bool read_hubs(const std::optional<element>& hubs) {
    if (!hubs) return true;
    if (hubs->type() != element_type::ARRAY) return false;
    auto& names = out_.linked_hubs.emplace();
    names.reserve(array(*hubs).size());
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

  Value value_of(const element& value) {
    switch (value.type()) {
      case element_type::NULL_VALUE: break;
      case element_type::BOOL: return Value(value.get_bool().value_unsafe());
      case element_type::INT64: return Value(value.get_int64().value_unsafe());
      case element_type::UINT64: return Value(value.get_uint64().value_unsafe());
      case element_type::DOUBLE: return Value(value.get_double().value_unsafe());
      case element_type::STRING: return Value(value.get_string().value_unsafe());
      case element_type::ARRAY:
      case element_type::OBJECT: return Value(out_.fields.keep(to_json(value)));
    }
    return {};
  }

  // As FieldTable::read() does, over the other kind of tree.
  void walk(const element& value, const FieldTable::Node& node) {
    if (node.slot != FieldTable::kNone) out_.fields.set(node.slot, value_of(value));
    if (node.children.empty()) return;
    if (value.type() == element_type::OBJECT) {
      for (const auto& [name, inside] : object(value))
        if (const auto child = node.children.find(name); child != node.children.end())
          walk(inside, fields_.node(child->second));
    } else if (value.type() == element_type::ARRAY) {
      for (const auto& [step, child] : node.children) {
        element inside;
        const auto index = array_index(step);
        if (index && array(value).at(*index).get(inside) == simdjson::SUCCESS)
          walk(inside, fields_.node(child));
      }
    }
  }

  static constexpr std::array<std::string_view, 3> kAttestations = {"symmetricKey", "x509", "tpm"};

  const FieldTable& fields_;
  RequestValues& out_;
  std::optional<std::string_view> certificate_;  // as DPS sends it
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
  fields.look_up(out->fields);
  return out;
}

}  // namespace allocd
