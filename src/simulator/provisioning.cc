#include "simulator/provisioning.h"

#include <string>

#include "policy/letter_case.h"

namespace allocd {
namespace {

constexpr std::string_view kKnowsWhoStays = "2019-04-15";

// That of the answer, or else the enrollment's own.
Json initial_twin(const Enrollment& enrollment, const Allocated& allocated) {
  if (allocated.initial_twin) return *allocated.initial_twin;
  return enrollment.initial_twin.value_or(Json::object());
}

}  // namespace

Provisioned provision(const std::optional<HubDevice>& before, const Enrollment& enrollment,
                      const RegisteringDevice& device, const Allocated& allocated,
                      std::string_view api_version) {
  const std::string id =
      enrollment.device_id.empty() ? device.registration_id : enrollment.device_id;
  if (!before)
    return {{allocated.hub, id, initial_twin(enrollment, allocated)}, "initialAssignment", true};
  if (equal_ignoring_case(before->hub, allocated.hub))
    return {*before,
            api_version.substr(0, kKnowsWhoStays.size()) < kKnowsWhoStays
                ? "initialAssignment"
                : "reprovisionedToInitialAssignment",
            false};
  if (enrollment.reprovision.value_or(ReprovisionPolicy{}).migrates_data)
    return {{allocated.hub, id, before->twin}, "deviceDataMigrated", false};
  return {{allocated.hub, id, initial_twin(enrollment, allocated)}, "deviceDataReset", true};
}

}  // namespace allocd
