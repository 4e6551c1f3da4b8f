#include "policy/field_table.h"

#include <charconv>
#include <optional>
#include <utility>

#include "diagnostics/closest_match.h"
#include "policy/certificate.h"
#include "policy/lookups.h"

namespace allocd {
namespace {

// Which way of attestation the context speaks of: the member that it carries.
std::string_view attestation_of(const AllocationRequest& request) {
  const Json* context = member(request.body, "deviceRuntimeContext");
  if (context == nullptr) return {};
  for (const char* name : {"symmetricKey", "x509", "tpm"})
    if (member(*context, name) != nullptr) return name;
  return {};
}

// The certificate that the device showed, as DPS sends it.
std::optional<std::string_view> certificate_of(const AllocationRequest& request) {
  const Json* context = member(request.body, "deviceRuntimeContext");
  const Json* x509 = context != nullptr ? member(*context, "x509") : nullptr;
  const Json* text = x509 != nullptr ? member(*x509, "clientCertificate") : nullptr;
  if (text == nullptr || !text->is_string()) return std::nullopt;
  return text->get_ref<const std::string&>();
}

}  // namespace

std::optional<std::size_t> array_index(std::string_view step) {
  if (step.empty() || (step.size() > 1 && step[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size()) return std::nullopt;
  return index;
}

FieldTable::FieldTable() : nodes_(2) {
  slot_of(std::get<Field>(parse_field("registrationId")));
  slot_of(std::get<Field>(parse_field("currentHub")));
}

std::variant<Field, FieldError> FieldTable::parse(std::string_view name) const {
  if (lookups_ != nullptr)
    if (auto of_lookup = lookups_->parse(name)) return *std::move(of_lookup);
  auto out = parse_field(name);
  auto* error = std::get_if<FieldError>(&out);
  // Something else may have been meant than one of the fields that always exist.
  if (error != nullptr && lookups_ != nullptr && !lookups_->names().empty() &&
      !name.starts_with('/') && !is_field_root(name)) {
    std::vector<std::string_view> roots = lookups_->names();
    roots.insert(roots.end(), field_roots().begin(), field_roots().end());
    error->help = suggestion(name.substr(0, name.find('.')), roots);
  }
  return out;
}

bool FieldTable::is_root(std::string_view name) const {
  return is_field_root(name) || (lookups_ != nullptr && lookups_->has(name));
}

void FieldTable::look_up(FieldValues& values) const {
  if (lookups_ != nullptr) lookups_->fill(values);
}

std::size_t FieldTable::slot_of(const Field& field) {
  const auto slot_in = [&](std::size_t& place) {
    if (place == kNone) place = new_slot();
    return place;
  };
  switch (field.root) {
    case FieldRoot::EnrollmentId: return slot_in(enrollment_id_);
    case FieldRoot::EnrollmentKind: return slot_in(enrollment_kind_);
    case FieldRoot::Attestation: return slot_in(attestation_);
    case FieldRoot::Certificate: {
      const std::string_view name = field.name;
      const std::size_t which = *certificate_field(name.substr(name.find('.') + 1));
      const auto [known, added] = certificate_.try_emplace(which, slots_);
      if (added) new_slot();
      return known->second;
    }
    case FieldRoot::Lookup: {
      const std::size_t slot = lookups_->slot_of(field, slots_);
      if (slot == slots_) ++slots_;
      return slot;
    }
    case FieldRoot::Request:
    case FieldRoot::Enrollment: break;
  }
  const bool of_request = field.root == FieldRoot::Request;
  // Also the whole of which the payload is a part.
  if (of_request && field.path[0] == "deviceRuntimeContext" &&
      (field.path.size() == 1 || field.path[1] == "payload"))
    reads_payload_ = true;
  std::size_t at = of_request ? kRequestRoot : kEnrollmentRoot;
  for (const std::string& step : field.path) {
    const auto child = nodes_[at].children.find(step);
    if (child != nodes_[at].children.end()) {
      at = child->second;
    } else {
      const std::size_t next = nodes_.size();
      nodes_[at].children.emplace(step, next);
      nodes_.emplace_back();
      at = next;
    }
  }
  return slot_in(nodes_[at].slot);
}

void FieldTable::walk(const Json& json, const Node& node, FieldValues& values) const {
  if (node.slot != kNone) values.set(node.slot, Value(json));
  if (node.children.empty()) return;
  if (json.is_object()) {
    for (const auto& [key, value] : json.get_ref<const Json::object_t&>())
      if (const auto child = node.children.find(key); child != node.children.end())
        walk(value, nodes_[child->second], values);
  } else if (json.is_array()) {
    for (const auto& [step, child] : node.children)
      if (const auto index = array_index(step); index && *index < json.size())
        walk(json[*index], nodes_[child], values);
  }
}

void FieldTable::read_certificate(std::optional<std::string_view> text, FieldValues& values) const {
  if (!text) {
    values.set_certificate_problem("the request has no certificate");
    return;
  }
  const auto certificate = Certificate::parse(*text);
  if (!certificate) {
    values.set_certificate_problem("the certificate in the request cannot be read");
    return;
  }
  for (const auto& [which, slot] : certificate_)
    if (auto value = certificate->value(which))
      values.set(slot, Value(values.keep(Json(std::move(*value)))));
}

FieldValues FieldTable::read(const AllocationRequest& request) const {
  FieldValues out(slots_);
  read_own(request, out);
  look_up(out);
  return out;
}

void FieldTable::read_own(const AllocationRequest& request, FieldValues& out) const {
  walk(request.body, nodes_[kRequestRoot], out);
  if (const std::string_view kind = attestation_of(request); attestation_ != kNone && !kind.empty())
    out.set(attestation_, Value(kind));
  if (reads_certificate()) read_certificate(certificate_of(request), out);
  const Json* record = request.enrollment();
  if (record == nullptr) return;
  walk(*record, nodes_[kEnrollmentRoot], out);
  const bool group = member(request.body, "enrollmentGroup") != nullptr;
  if (enrollment_kind_ != kNone)
    out.set(enrollment_kind_, Value(std::string_view(group ? "group" : "individual")));
  if (enrollment_id_ != kNone)
    if (const Json* id = member(*record, group ? "enrollmentGroupId" : "registrationId"))
      out.set(enrollment_id_, Value(*id));
}

}  // namespace allocd
