// Recorded requests decided by two rule sets: which devices would notice the difference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/decision_change.h"
#include "analysis/name_table.h"
#include "webhook/answer.h"
#include "webhook/reprovisioning.h"
#include "webhook/request_pieces.h"

namespace allocd {

// Where a recorded request lies.
struct RecordedPlace {
  std::uint32_t file = 0;  // a number that the caller gives it
  std::uint32_t bytes = 0;
  std::uint64_t offset = 0;
};

// A piece that was not compared, and why: the end of a sentence.
struct SkippedPiece {
  std::uint32_t file = 0;
  std::size_t line = 0;
  std::string reason;
};

// Devices that go from one hub to another. The empty name stands for a refusal.
struct HubMoves {
  std::string_view from;
  std::string_view to;
  std::size_t devices = 0;
  std::array<std::size_t, 5> by_move{};  // by Move: what DPS makes of it
};

// Devices that a rule decided in one of the sets only. The empty name stands for no rule.
struct RuleFlow {
  std::string_view name;
  std::size_t gained = 0;
  std::size_t lost = 0;
};

// What became of one device. Texts are valid as long as the replay, and until its next take().
struct ReplayedDevice {
  std::string_view registration_id;  // letters as they first came
  RecordedPlace place;               // of its last request
  Change change = Change::None;
  std::string_view from_hub;  // empty: refused
  std::string_view to_hub;
  const Rule* from_rule = nullptr;  // null: none decided
  const Rule* to_rule = nullptr;
};

struct ReplaySummary {
  std::size_t requests = 0;                    // that were read
  std::size_t compared = 0;                    // devices
  std::size_t skipped = 0;                     // pieces that are no request
  std::array<std::size_t, 7> by_change{};      // devices, by Change
  std::vector<HubMoves> moves;                 // those of most devices first; refusals among them
  std::array<std::size_t, 5> twins_by_move{};  // devices of Change::TwinChanged, by Move
  std::vector<RuleFlow> rules;  // in the order of the new rules, then of the old ones

  // Devices that lose the hub that they had.
  std::size_t moved() const { return count(Change::MovedHub) + count(Change::NewlyRefused); }
  std::size_t count(Change change) const { return by_change[static_cast<std::size_t>(change)]; }
};

// Takes requests one after the other; of each device (its registration ID, whatever the letter
// case) only the last one counts. Keeps about 100 bytes a device, and nothing of the requests. For
// one thread at a time.
class Replay {
 public:
  // Both sets decide as at the time `now`, and must outlive the replay.
  Replay(const RuleSet& from, const RuleSet& to, Moment now);

  void take(const RequestPiece& piece, std::uint32_t file);

  std::size_t requests() const { return requests_; }
  // The first kMaxShown of them.
  const std::vector<SkippedPiece>& skipped() const { return skipped_; }
  // Names in it are valid as long as this.
  ReplaySummary summary() const;
  // Calls `see` with the devices of a kind in the order in which they first came, until it returns
  // false.
  void for_each(Change change, const std::function<bool(std::string_view registration_id,
                                                        const RecordedPlace& place)>& see) const;

  // Calls `see` with every device, in the order in which they first came.
  void for_each_device(const std::function<void(const ReplayedDevice&)>& see) const;

  static constexpr std::size_t kMaxShown = 20;

 private:
  struct Device {
    RecordedPlace place;
    std::uint32_t from_rule = 0;  // by position, kNoRule
    std::uint32_t to_rule = 0;
    std::uint32_t from_hub = 0;  // by number in hubs_; 0 is the empty name
    std::uint32_t to_hub = 0;
    Change change = Change::None;
    Move move = Move::First;
  };
  static constexpr std::uint32_t kNoRule = ~std::uint32_t{0};

  void skip(const RequestPiece& piece, std::uint32_t file, std::string_view reason);

  const RuleSet& from_;
  const RuleSet& to_;
  Moment now_;
  NameTable ids_;
  std::deque<Device> devices_;  // by number of the ID
  NameTable hubs_;
  std::size_t requests_ = 0;
  std::size_t skipped_count_ = 0;
  std::vector<SkippedPiece> skipped_;
};

}  // namespace allocd
