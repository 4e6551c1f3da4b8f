#include "rulefile/sample_reader.h"

#include <string>
#include <utility>

#include "rulefile/map_reader.h"

namespace allocd {
namespace {

void read_enrollment(const LocatedValue& value, SampleRequest& out, Diagnostics& diagnostics) {
  MapReader map(value, "`enrollment`", diagnostics);
  if (auto id = map.text("id")) out.enrollment_id = std::move(id->value);
  if (const auto kind = map.text("kind")) {
    out.individual = kind->value == "individual";
    if (kind->value != "individual" && kind->value != "group")
      diagnostics.error(kind->range, "bad-value", "`kind` cannot be " + in_backticks(kind->value),
                        "`group` or `individual`");
  }
  // Everything else is a member of the record itself.
  for (const LocatedMember* m : map.rest()) out.enrollment[m->key.value] = m->value.json();
}

// A device that shows a certificate attests by it.
void read_certificate(MapReader& map, SampleRequest& out, Diagnostics& diagnostics) {
  auto certificate = map.text("certificate");
  if (!certificate) return;
  const LocatedValue* attestation = map.find("attestation");
  if (attestation != nullptr && attestation->is_text() &&
      (attestation->text() == "symmetricKey" || attestation->text() == "tpm"))
    diagnostics.error(certificate->range, "bad-value",
                      "`certificate` stands beside `attestation: " + attestation->text() + "`",
                      "a device that shows a certificate has `attestation: x509`, which is then "
                      "the default");
  out.attestation = "x509";
  out.certificate = std::move(certificate->value);
}

}  // namespace

std::optional<SampleRequest> read_sample(const LocatedValue& value, Diagnostics& diagnostics) {
  SampleRequest out;
  if (!value.is_map()) {
    if (value.is_list() || value.is_null()) {
      diagnostics.error(
          value.range, "wrong-type",
          "an example must be a registration ID, or a map of a request" + value.instead());
      return std::nullopt;
    }
    auto id = as_text(value, "a registration ID", diagnostics);
    if (!id) return std::nullopt;
    out.registration_id = std::move(id->value);
    return out;
  }
  const std::size_t errors_before = diagnostics.errors();
  MapReader map(value, "request", diagnostics);
  if (map.require("registrationId") != nullptr)
    if (auto id = map.text("registrationId")) out.registration_id = std::move(id->value);
  if (const LocatedValue* payload = map.find("payload")) out.payload = payload->json();
  if (auto hub = map.text("currentHub")) out.current_hub = std::move(hub->value);
  if (auto device = map.text("currentDeviceId")) out.current_device_id = std::move(device->value);
  if (auto attestation = map.text("attestation")) {
    out.attestation = attestation->value;
    if (out.attestation != "symmetricKey" && out.attestation != "x509" && out.attestation != "tpm")
      diagnostics.error(attestation->range, "bad-value",
                        "`attestation` cannot be " + in_backticks(out.attestation),
                        "`symmetricKey`, `x509` or `tpm`");
  }
  read_certificate(map, out, diagnostics);
  if (const LocatedValue* enrollment = map.map("enrollment"))
    read_enrollment(*enrollment, out, diagnostics);
  if (const LocatedValue* hubs = map.list("linkedHubs"))
    for (const LocatedValue& hub : hubs->list())
      if (auto name = as_text(hub, "a host in `linkedHubs`", diagnostics))
        out.linked_hubs.push_back(std::move(name->value));
  map.finish();
  if (diagnostics.errors() > errors_before) return std::nullopt;
  return out;
}

}  // namespace allocd
