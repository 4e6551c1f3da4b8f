#include "webhook/reprovisioning.h"

#include "policy/letter_case.h"
#include "webhook/raw_member.h"

namespace allocd {

Reprovisioning reprovisioning_of(std::string_view body) {
  Reprovisioning out;
  if (const auto context = raw_member(body, "deviceRuntimeContext"))
    if (const auto hub = raw_member(*context, "currentIotHubHostName"))
      out.current_hub = text_of_raw(*hub).value_or("");
  auto enrollment = raw_member(body, "enrollmentGroup");
  if (!enrollment) enrollment = raw_member(body, "individualEnrollment");
  const auto policy = enrollment ? raw_member(*enrollment, "reprovisionPolicy") : std::nullopt;
  if (!policy) return out;
  out.updates_hub = raw_member(*policy, "updateHubAssignment") != "false";
  out.migrates_data = raw_member(*policy, "migrateDeviceData") != "false";
  return out;
}

Move move_to(std::string_view hub, const Reprovisioning& device) {
  if (device.current_hub.empty()) return Move::First;
  if (equal_ignoring_case(hub, device.current_hub)) return Move::Stays;
  if (!device.updates_hub) return Move::Ignored;
  return device.migrates_data ? Move::Migrated : Move::Reset;
}

std::string_view move_name(Move move) {
  switch (move) {
    case Move::First: return "new";
    case Move::Stays: return "stays";
    case Move::Migrated: return "migrated";
    case Move::Reset: return "reset";
    case Move::Ignored: return "ignored";
  }
  return "";
}

std::string_view twin_effect(Move move) {
  switch (move) {
    case Move::First: return "initial";
    case Move::Reset: return "reset";
    case Move::Stays:
    case Move::Migrated:
    case Move::Ignored: break;
  }
  return "ignored";
}

}  // namespace allocd
