// What DPS makes of an allocation for a device that may have been somewhere before: whether it
// moves, what becomes of its twin, and whether the initial twin of the answer counts.
// https://learn.microsoft.com/azure/iot-dps/concepts-device-reprovision
// https://learn.microsoft.com/azure/iot-dps/concepts-custom-allocation
#pragma once

#include <string>
#include <string_view>

namespace allocd {

// What a request says about it.
struct Reprovisioning {
  std::string current_hub;  // empty: the device registers for the first time
  // The enrollment's reprovisionPolicy. Without one DPS moves devices and migrates their data.
  bool updates_hub = true;
  bool migrates_data = true;
};

// Of the body of a request that answer() took for one.
Reprovisioning reprovisioning_of(std::string_view body);

enum class Move {
  First,     // the first assignment: there is nothing to move
  Stays,     // the device is on that hub already
  Migrated,  // moves, and its twin goes along
  Reset,     // moves, and gets the initial twin anew
  Ignored,   // the policy is never to move: it stays where it is
};

// What DPS makes of sending the device to `hub`.
Move move_to(std::string_view hub, const Reprovisioning& device);

// "new", "stays", "migrated", "reset", "ignored".
std::string_view move_name(Move move);

// What becomes of an initial twin that comes with such an answer: "initial", "reset" or "ignored".
std::string_view twin_effect(Move move);

}  // namespace allocd
