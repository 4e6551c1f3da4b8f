#include "simulator/allocation.h"

#include <algorithm>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"
#include "policy/twin_limits.h"
#include "simulator/utc_text.h"
#include "webhook/json_body.h"

namespace allocd {
namespace {

constexpr int kNotAllocated = 400207;
constexpr int kNoHub = 400208;
constexpr int kUnauthorized = 400209;

std::string masked(const std::string& url) {
  const std::size_t query = url.find('?');
  return query == std::string::npos ? url : url.substr(0, query) + "?****";
}

Json enrollment_record(const Enrollment& enrollment, const Webhook& webhook,
                       std::chrono::system_clock::time_point enrolled) {
  Json record;
  record[enrollment.is_group ? "enrollmentGroupId" : "registrationId"] = enrollment.id;
  if (!enrollment.device_id.empty()) record["deviceId"] = enrollment.device_id;
  const bool by_key = std::holds_alternative<SymmetricKeys>(enrollment.attestation);
  record["attestation"] = {{"type", by_key ? "symmetricKey" : "x509"}};
  record["capabilities"] = {{"iotEdge", false}};
  if (enrollment.initial_twin) record["initialTwin"] = *enrollment.initial_twin;
  record["etag"] = "\"00000000-0000-0000-0000-000000000000\"";
  record["provisioningStatus"] = enrollment.enabled ? "enabled" : "disabled";
  if (enrollment.reprovision) {
    record["reprovisionPolicy"] = {{"updateHubAssignment", enrollment.reprovision->updates_hub},
                                   {"migrateDeviceData", enrollment.reprovision->migrates_data}};
  }
  record["createdDateTimeUtc"] = utc_text(enrolled);
  record["lastUpdatedDateTimeUtc"] = utc_text(enrolled);
  record["allocationPolicy"] = "custom";
  if (!enrollment.hubs.empty()) record["iotHubs"] = enrollment.hubs;
  record["customAllocationDefinition"] = {{"webhookUrl", masked(webhook.url)},
                                          {"apiVersion", webhook.api_version}};
  return record;
}

Json runtime_context(const Enrollment& enrollment, const RegisteringDevice& device) {
  Json context;
  context["registrationId"] = device.registration_id;
  if (!device.current_hub.empty()) {
    context["currentIotHubHostName"] = device.current_hub;
    context["currentDeviceId"] = device.current_device_id;
  }
  if (std::holds_alternative<SymmetricKeys>(enrollment.attestation))
    context["symmetricKey"] = Json::object();
  else
    context["x509"] = {{"clientCertificate", device.certificate}};
  if (device.payload) context["payload"] = *device.payload;
  return context;
}

NotAllocated failed_with(int status) {
  return {kNotAllocated, "Custom allocation failed with status code: " + std::to_string(status)};
}

NotAllocated failed_as(const std::string& mistake) {
  return {kNotAllocated, "Custom allocation failed: " + mistake};
}

// Why a device's hub would refuse the twin, or nothing.
std::optional<std::string> twin_mistake(const Json& twin) {
  if (!twin.is_object()) return "`initialTwin` is no object";
  for (const auto& [name, value] : twin.items())
    if (name != "tags" && name != "properties" && !value.is_null())
      return "`initialTwin` has a member " + in_backticks(name) +
             ", where `tags` and `properties` belong";
  const auto section = [](const Json& holder, const char* name) -> const Json* {
    const auto found = holder.find(name);
    return found == holder.end() || found->is_null() ? nullptr : &*found;
  };
  if (const Json* tags = section(twin, "tags")) {
    if (!tags->is_object()) return "`tags` of `initialTwin` is no object";
    if (auto wrong = twin_violation(*tags, "tags", TwinLimits::kTagsBytes)) return wrong;
  }
  const Json* properties = section(twin, "properties");
  if (properties == nullptr) return std::nullopt;
  if (!properties->is_object()) return "`properties` of `initialTwin` is no object";
  const Json* desired = section(*properties, "desired");
  if (desired == nullptr) return std::nullopt;
  if (!desired->is_object()) return "`properties.desired` of `initialTwin` is no object";
  return twin_violation(*desired, "properties.desired", TwinLimits::kDesiredBytes);
}

std::variant<Allocated, NotAllocated, AskAgain> read_ok(const HttpReply& reply,
                                                        const std::vector<std::string>& hubs) {
  const auto read = parse_json_body(reply.body);
  if (const auto* bad = std::get_if<BadRequest>(&read))
    return failed_as("the answer cannot be read: " + bad->reason);
  const Json& body = std::get<Json>(read);
  if (!body.is_object()) return failed_as("the answer is no JSON object");
  const auto hub = body.find("iotHubHostName");
  if (hub == body.end() || hub->is_null() || *hub == "")
    return NotAllocated{kNoHub, "Custom allocation did not specify an IoT hub"};
  if (!hub->is_string()) return failed_as("`iotHubHostName` is no text");
  const auto linked = std::find_if(hubs.begin(), hubs.end(), [&](const std::string& one) {
    return equal_ignoring_case(one, hub->get<std::string>());
  });
  if (linked == hubs.end())
    return failed_as(in_backticks(hub->get<std::string>()) +
                     " is none of the hubs that the device may be assigned to");
  Allocated out{*linked, std::nullopt, std::nullopt};
  if (const auto twin = body.find("initialTwin"); twin != body.end() && !twin->is_null()) {
    if (auto mistake = twin_mistake(*twin))
      return failed_as("the hub refuses the twin: " + *mistake);
    out.initial_twin = *twin;
  }
  if (const auto payload = body.find("payload"); payload != body.end() && !payload->is_null()) {
    if (!payload->is_object()) return failed_as("`payload` is no object");
    out.payload = *payload;
  }
  return out;
}

}  // namespace

std::vector<std::string> hubs_for(const Enrollment& enrollment, const RegisteringDevice& device,
                                  const std::vector<std::string>& linked_hubs) {
  if (!device.current_hub.empty() && enrollment.reprovision && !enrollment.reprovision->updates_hub)
    return {device.current_hub};
  return enrollment.hubs.empty() ? linked_hubs : enrollment.hubs;
}

Json allocation_request(const Enrollment& enrollment, const RegisteringDevice& device,
                        const std::vector<std::string>& linked_hubs, const Webhook& webhook,
                        std::chrono::system_clock::time_point enrolled) {
  Json body;
  body[enrollment.is_group ? "enrollmentGroup" : "individualEnrollment"] =
      enrollment_record(enrollment, webhook, enrolled);
  body["deviceRuntimeContext"] = runtime_context(enrollment, device);
  body["linkedHubs"] = hubs_for(enrollment, device, linked_hubs);
  return body;
}

std::variant<Allocated, NotAllocated, AskAgain> read_allocation(
    const std::variant<HttpReply, NoReply>& answer, const std::vector<std::string>& hubs) {
  const auto* reply = std::get_if<HttpReply>(&answer);
  if (reply == nullptr) return AskAgain{503};
  if (reply->status == 200) return read_ok(*reply, hubs);
  if (reply->status == 401)
    return NotAllocated{kUnauthorized, "Custom allocation failed with unauthorized access"};
  if (reply->status >= 429) return AskAgain{reply->status};
  return failed_with(reply->status);
}

std::optional<std::chrono::seconds> wait_before_retry(int tries) {
  if (tries < 1 || tries > kMostWebhookRetries) return std::nullopt;
  return std::chrono::seconds(1 + 9 * (tries - 1));
}

NotAllocated gave_up(int status) { return failed_with(status); }

}  // namespace allocd
