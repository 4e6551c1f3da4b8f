// A request in few words, as people write it in examples, tests and on the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/allocation_request.h"

namespace allocd {

struct SampleRequest {
  std::string registration_id;
  std::vector<std::string> linked_hubs;
  std::optional<Json> payload;
  std::optional<std::string> current_hub;
  std::optional<std::string> current_device_id;
  std::string attestation = "symmetricKey";  // or `x509`, `tpm`
  std::optional<std::string> certificate;    // base64 or PEM, where `attestation` is `x509`
  // The enrollment record; nothing where none is given.
  std::optional<std::string> enrollment_id;
  bool individual = false;
  Json enrollment = Json::object();  // further members of the record
};

// The body that DPS would send for it, members that are not given left out.
Json request_body(const SampleRequest& sample);

// The same, as parsing that body gives it.
AllocationRequest sample_allocation_request(const SampleRequest& sample);

}  // namespace allocd
