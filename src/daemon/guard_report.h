// What a new rule set would change for the devices seen last, and how operators are told.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/decision_change.h"
#include "daemon/told_decision.h"
#include "policy/located_value.h"
#include "policy/share.h"

namespace allocd {

struct GuardSettings {
  bool is_off = false;
  Share max_moved{200'000};     // of the devices, that may lose the hub that they have
  std::size_t min_sample = 20;  // devices; fewer tell nothing
};

enum class GuardVerdict {
  Passed,
  Refused,
  TooFew,  // devices to tell: the new rules pass
  Off,     // nothing was compared
};

// "passed", "refused", "tooFew", "off".
std::string_view verdict_name(GuardVerdict verdict);

// What the new rules would change. A value of its own, and nothing redacted is in it.
struct GuardReport {
  struct Move {
    std::string from;  // a hub; empty: refused
    std::string to;
    std::size_t devices = 0;
  };
  struct Flow {
    std::string rule;  // empty: no rule
    std::size_t gained = 0;
    std::size_t lost = 0;
  };
  struct Device {
    std::string registration_id;
    Change change = Change::None;
    ToldDecision from;
    ToldDecision to;
  };

  bool may_pass() const { return verdict != GuardVerdict::Refused; }
  std::size_t count(Change change) const { return by_change[static_cast<std::size_t>(change)]; }
  // Devices that would lose the hub that they have: MovedHub and NewlyRefused.
  std::size_t moved() const { return count(Change::MovedHub) + count(Change::NewlyRefused); }

  GuardVerdict verdict = GuardVerdict::Off;
  GuardSettings settings;
  std::size_t compared = 0;                // devices
  std::size_t too_large = 0;               // devices that were not, as their requests were not kept
  std::size_t out_of_time = 0;             // devices that were not, as it would have taken too long
  std::array<std::size_t, 7> by_change{};  // devices, by Change
  // Those of most devices first, kMaxShown at most, and how many pairs and rules are left out.
  std::vector<Move> moves;  // refusals among them
  std::size_t more_moves = 0;
  std::vector<Flow> rules;
  std::size_t more_rules = 0;
  // Some of those who would lose their hub, kMaxShown at most, newly refused ones in front.
  std::vector<Device> devices;

  static constexpr std::size_t kMaxShown = 20;
};

// `{"verdict","compared","unchanged","moved","share","maxMoved","minSample","movedHub", …,
// "moves":[{"from","to","devices"}],"rules":[{"rule","gained","lost"}],
// "devices":[{"registrationId","kind","from":{decision},"to":{decision}}]}`, for `/status` and the
// answer to `POST /reload`.
Json guard_json(const GuardReport& report);

// The same in a few lines for people: what would happen, and what to do. Lines are separated by
// line breaks, without one at the end.
std::string guard_text(const GuardReport& report);

}  // namespace allocd
