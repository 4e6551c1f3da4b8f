#include "policy/allocation_request.h"

namespace allocd {

const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>())
    if (key == name) return value.is_null() ? nullptr : &value;
  return nullptr;
}

const Json* AllocationRequest::enrollment() const {
  if (const Json* group = member(body, "enrollmentGroup")) return group;
  return member(body, "individualEnrollment");
}

}  // namespace allocd
