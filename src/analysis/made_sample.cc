#include "analysis/made_sample.h"

#include <string>

namespace allocd {
namespace {

// False where it is no text.
bool take_text(const Json& value, std::optional<std::string>& out) {
  if (!value.is_string()) return false;
  out = value.get<std::string>();
  return true;
}

bool take_record(const Json& record, bool individual, SampleRequest& out) {
  if (!record.is_object()) return false;
  out.individual = individual;
  for (const auto& [key, value] : record.items()) {
    if (key == (individual ? "registrationId" : "enrollmentGroupId")) {
      if (!take_text(value, out.enrollment_id)) return false;
    } else if (key == "id" || key == "kind") {
      return false;  // words of ours in a sample
    } else {
      out.enrollment[key] = value;
    }
  }
  return out.enrollment_id || !out.enrollment.empty();
}

bool take_context(const Json& context, SampleRequest& out) {
  if (!context.is_object()) return false;
  std::optional<std::string> id;
  int attestations = 0;
  for (const auto& [key, value] : context.items()) {
    bool good = true;
    if (key == "registrationId") {
      good = take_text(value, id);
    } else if (key == "payload") {
      out.payload = value;
    } else if (key == "currentIotHubHostName") {
      good = take_text(value, out.current_hub);
    } else if (key == "currentDeviceId") {
      good = take_text(value, out.current_device_id);
    } else {
      // A sample has one attestation, about which nothing more is known.
      good = (key == "symmetricKey" || key == "x509" || key == "tpm") && value == Json::object() &&
             ++attestations == 1;
      out.attestation = key;
    }
    if (!good) return false;
  }
  if (!id) return false;
  out.registration_id = *std::move(id);
  return true;
}

}  // namespace

std::optional<SampleRequest> sample_of(const Json& body) {
  SampleRequest out;
  int records = 0;
  for (const auto& [key, value] : body.items()) {
    bool good = key == "linkedHubs";
    if (key == "enrollmentGroup" || key == "individualEnrollment")
      good = ++records == 1 && take_record(value, key == "individualEnrollment", out);
    if (key == "deviceRuntimeContext") good = take_context(value, out);
    if (!good) return std::nullopt;
  }
  if (!body.contains("deviceRuntimeContext")) return std::nullopt;
  return out;
}

}  // namespace allocd
