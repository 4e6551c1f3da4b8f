#include "policy/sample_request.h"

namespace allocd {

Json request_body(const SampleRequest& sample) {
  Json body = Json::object();
  if (sample.enrollment_id || !sample.enrollment.empty()) {
    Json record = Json::object();
    if (sample.enrollment_id)
      record[sample.individual ? "registrationId" : "enrollmentGroupId"] = *sample.enrollment_id;
    for (const auto& [key, value] : sample.enrollment.get_ref<const Json::object_t&>())
      record[key] = value;
    body[sample.individual ? "individualEnrollment" : "enrollmentGroup"] = std::move(record);
  }
  Json context = Json::object();
  context["registrationId"] = sample.registration_id;
  if (sample.current_hub) context["currentIotHubHostName"] = *sample.current_hub;
  if (sample.current_device_id) context["currentDeviceId"] = *sample.current_device_id;
  context[sample.attestation] = Json::object();
  if (sample.certificate) context[sample.attestation]["clientCertificate"] = *sample.certificate;
  if (sample.payload) context["payload"] = *sample.payload;
  body["deviceRuntimeContext"] = std::move(context);
  body["linkedHubs"] = sample.linked_hubs;
  return body;
}

AllocationRequest sample_allocation_request(const SampleRequest& sample) {
  return {sample.registration_id, sample.linked_hubs, request_body(sample)};
}

}  // namespace allocd
