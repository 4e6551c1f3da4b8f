#include "simulator/registration_state.h"

#include "diagnostics/diagnostic.h"
#include "policy/allocation_request.h"
#include "policy/base64.h"
#include "simulator/device_certificate.h"
#include "simulator/unique_id.h"
#include "simulator/utc_text.h"

namespace allocd {
namespace {

// How the device was attested.
void add_attestation(const Enrollment& enrollment, const RegisteringDevice& device, Json& state) {
  Json how = Json::object();
  if (enrollment.is_group) how["enrollmentGroupId"] = enrollment.id;
  if (const auto* signer = std::get_if<X509Certificate>(&enrollment.attestation)) {
    const auto info_of = [](const std::string& der) {
      return certificate_info(der).value_or(Json::object());
    };
    how["certificateInfo"] = info_of(from_base64(device.certificate).value_or(""));
    if (enrollment.is_group)
      how["signingCertificateInfo"] = info_of(pem_certificate_der(signer->pem));
    state["x509"] = std::move(how);
  } else if (enrollment.is_group) {
    state["symmetricKey"] = std::move(how);
  }
}

std::string text(const Json& state, std::string_view name) {
  const Json* found = member(state, name);
  return found != nullptr && found->is_string() ? printable(found->get<std::string>()) : "";
}

}  // namespace

Json registration_state(const Enrollment& enrollment, const RegisteringDevice& device,
                        const Ending& ending, const std::string& created,
                        std::chrono::system_clock::time_point begun,
                        std::chrono::system_clock::time_point ended) {
  Json state;
  state["registrationId"] = device.registration_id;
  if (std::holds_alternative<Disabled>(ending)) {
    state["status"] = "disabled";
    return state;
  }
  state["createdDateTimeUtc"] = created.empty() ? utc_text(begun) : created;
  const auto* assigned = std::get_if<Assigned>(&ending);
  if (assigned != nullptr) {
    const Provisioned& provisioned = assigned->provisioned;
    state["assignedHub"] = provisioned.device.hub;
    state["deviceId"] = provisioned.device.device_id;
    state["status"] = "assigned";
    state["substatus"] = provisioned.substatus;
  } else {
    const auto& failure = std::get<NotAllocated>(ending);
    state["status"] = "failed";
    state["errorCode"] = failure.code;
    state["errorMessage"] = failure.message;
  }
  state["lastUpdatedDateTimeUtc"] = utc_text(ended);
  state["etag"] = to_base64('"' + new_guid() + '"');
  if (assigned != nullptr) {
    if (assigned->payload) state["payload"] = *assigned->payload;
    add_attestation(enrollment, device, state);
  }
  return state;
}

std::string in_words(const Json& state) {
  const std::string status = text(state, "status");
  if (status == "assigned")
    return "assigned to " + text(state, "assignedHub") + ", deviceId " + text(state, "deviceId") +
           " (" + text(state, "substatus") + ")";
  if (status == "failed")
    return "failed, " + state.value("errorCode", Json()).dump() + ": " +
           text(state, "errorMessage");
  return status;
}

}  // namespace allocd
