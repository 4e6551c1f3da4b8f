#include "simulator/registration.h"

#include <algorithm>

#include "policy/allocation_request.h"

namespace allocd {
namespace {

std::optional<std::string> text_of(const Json& object, const char* name) {
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_string() || found->get_ref<const std::string&>().empty())
    return std::nullopt;
  return found->get<std::string>();
}

std::optional<HubDevice> read_hub_device(const Json& object) {
  const auto hub = text_of(object, "hub");
  const auto device_id = text_of(object, "deviceId");
  const Json* twin = member(object, "twin");
  if (!hub || !device_id || twin == nullptr || !twin->is_object()) return std::nullopt;
  return HubDevice{*hub, *device_id, *twin};
}

}  // namespace

std::string registration_text(const Registration& registration) {
  Json out = {{"registrationId", registration.id},
              {"operationId", registration.operation_id},
              {"registrationState", registration.state}};
  if (const auto& on_hub = registration.on_hub)
    out["onHub"] = {{"hub", on_hub->hub}, {"deviceId", on_hub->device_id}, {"twin", on_hub->twin}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Registration> read_registration(std::string_view text) {
  const Json in = Json::parse(text, nullptr, false);
  const auto id = text_of(in, "registrationId");
  const auto operation_id = text_of(in, "operationId");
  const Json* state = member(in, "registrationState");
  if (!id || !operation_id || state == nullptr || !text_of(*state, "status")) return std::nullopt;
  Registration out{*id, *operation_id, *state, std::nullopt};
  if (const Json* on_hub = member(in, "onHub")) {
    out.on_hub = read_hub_device(*on_hub);
    if (!out.on_hub) return std::nullopt;
  }
  return out;
}

}  // namespace allocd
