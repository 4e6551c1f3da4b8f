// What a device would notice if one decision took the place of another.
#pragma once

#include <array>
#include <string_view>

#include "policy/decision.h"

namespace allocd {

enum class Change {
  None,  // the same for the device, whichever rule decided
  NewlyRefused,
  NewlyAccepted,
  MovedHub,
  TwinChanged,
  PayloadChanged,
  Other,  // refused both times, with another outcome or another reason
};

inline constexpr std::array kChanges = {Change::NewlyRefused,   Change::NewlyAccepted,
                                        Change::MovedHub,       Change::TwinChanged,
                                        Change::PayloadChanged, Change::Other};

// The first of them that fits. Letter case of hubs and the order of members do not count.
Change change_between(const Decision& from, const Decision& to);

// "unchanged", "newlyRefused", "newlyAccepted", "movedHub", "twinChanged", "payloadChanged",
// "otherChanged".
std::string_view change_name(Change change);

}  // namespace allocd
