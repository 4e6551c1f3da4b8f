#include "webhook/parse_request.h"

#include <string>
#include <utility>

#include "webhook/json_body.h"

namespace allocd {

namespace {

std::string_view kind_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string: return "a text";
    case Json::value_t::boolean: return "a bool";
    case Json::value_t::null: return "null";
    default: return "a number";
  }
}

// Looks members up and remembers the first one that has the wrong type.
class TypeCheck {
 public:
  const Json* object(const Json* parent, std::string_view parent_name, std::string_view name) {
    return of_type(parent, parent_name, name, Json::value_t::object, "an object");
  }
  const Json* list(const Json* parent, std::string_view parent_name, std::string_view name) {
    return of_type(parent, parent_name, name, Json::value_t::array, "a list");
  }
  const Json* text(const Json* parent, std::string_view parent_name, std::string_view name) {
    return of_type(parent, parent_name, name, Json::value_t::string, "a text");
  }
  bool is_text(const Json& value, const std::string& name) {
    if (value.is_string()) return true;
    wrong(name, "a text", value);
    return false;
  }
  std::string take_reason() { return std::move(reason_); }

 private:
  const Json* of_type(const Json* parent, std::string_view parent_name, std::string_view name,
                      Json::value_t type, std::string_view wanted) {
    const Json* value = parent == nullptr ? nullptr : member(*parent, name);
    if (value == nullptr || value->type() == type) return value;
    wrong((parent_name.empty() ? "" : std::string(parent_name) + ".") + std::string(name), wanted,
          *value);
    return nullptr;
  }
  void wrong(const std::string& name, std::string_view wanted, const Json& value) {
    if (!reason_.empty()) return;
    reason_ = "`" + name + "` must be " + std::string(wanted) + ", not " +
              std::string(kind_of(value)) + ".";
  }

  std::string reason_;
};

std::variant<AllocationRequest, BadRequest> typed_request(Json body) {
  AllocationRequest request;
  request.body = std::move(body);
  TypeCheck check;

  constexpr std::string_view kContext = "deviceRuntimeContext";
  const Json* context = check.object(&request.body, "", kContext);
  if (const Json* id = check.text(context, kContext, "registrationId"))
    request.registration_id = id->get_ref<const std::string&>();
  for (std::string_view name : {"currentIotHubHostName", "currentDeviceId"})
    check.text(context, kContext, name);
  for (std::string_view name : {"symmetricKey", "x509", "tpm"})
    check.object(context, kContext, name);

  if (const Json* hubs = check.list(&request.body, "", "linkedHubs")) {
    auto& names = request.linked_hubs.emplace();
    for (const Json& hub : *hubs) {
      if (!check.is_text(hub, "linkedHubs[" + std::to_string(names.size()) + "]")) break;
      names.push_back(hub.get_ref<const std::string&>());
    }
  }

  const Json* group = check.object(&request.body, "", "enrollmentGroup");
  check.text(group, "enrollmentGroup", "enrollmentGroupId");
  const Json* individual = check.object(&request.body, "", "individualEnrollment");
  check.text(individual, "individualEnrollment", "registrationId");

  if (std::string reason = check.take_reason(); !reason.empty())
    return BadRequest{std::move(reason)};
  return request;
}

}  // namespace

std::variant<AllocationRequest, BadRequest> parse_request(std::string_view body) {
  auto parsed = parse_json_body(body);
  if (auto* bad = std::get_if<BadRequest>(&parsed)) return std::move(*bad);
  Json& value = std::get<Json>(parsed);
  if (!value.is_object())
    return BadRequest{"The body must be a JSON object, not " + std::string(kind_of(value)) + "."};
  return typed_request(std::move(value));
}

}  // namespace allocd
