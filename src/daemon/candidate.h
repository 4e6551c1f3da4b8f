// A second rule set, tried on every request beside the one in force, which alone answers.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "analysis/decision_change.h"
#include "daemon/decision_event.h"
#include "daemon/redaction.h"
#include "daemon/rules_in_force.h"
#include "daemon/told_decision.h"

namespace allocd {

class Candidate {
 public:
  struct Counts {
    std::uint64_t compared = 0;                // requests
    std::array<std::uint64_t, 7> by_change{};  // requests, by Change
  };

  explicit Candidate(Redaction redaction) : redaction_(std::move(redaction)) {}

  // From now on `rules` are tried, or none where it is null. All counts begin anew. From any
  // thread.
  void replace(std::shared_ptr<const RulesInForce> rules);

  // Decides the event's request by the candidate, as at the time of the event, and compares. What
  // is no request of a device is passed over. When other rules come into force the counts begin
  // anew; what those before them decided is not compared any more. From one thread, in the order
  // of the decisions; does nothing without a candidate.
  void compare(const DecisionEvent& event);

  // What is tried; null: nothing. From any thread, as all below.
  std::shared_ptr<const RulesInForce> rules() const;
  Counts counts() const;

  // `{"revision","rules","since","against","compared","unchanged","newlyRefused", …,
  // "moves":[{"from","to","requests"}],"moreMoves",
  // "devices":[{"registrationId","time","kind","from":{decision},"to":{decision}}]}`; null where
  // there is no candidate. `against` is the revision in force, null before the first request;
  // devices are the last ones that differed, the newest in front; `moreMoves` counts requests.
  Json json() const;

  static constexpr std::size_t kMaxMoves = 100;  // pairs of hubs
  static constexpr std::size_t kMaxDevices = 50;

 private:
  using Hubs = std::pair<std::string, std::string>;
  using Time = std::chrono::system_clock::time_point;

  struct Sample {
    std::string key;  // the registration ID in small letters; never told
    std::string registration_id;
    Time at;
    Change change = Change::None;
    ToldDecision from;
    ToldDecision to;
  };

  void begin_anew(Time since);
  // Whether what these rules decided is to be compared.
  bool is_against(const std::shared_ptr<const RulesInForce>& in_force, Time at);
  void count_move(Hubs hubs);
  void keep(Sample sample);

  const Redaction redaction_;
  mutable std::mutex mutex_;  // for all below
  std::shared_ptr<const RulesInForce> rules_;
  // What was in force at the last event, and what before that. Neither is kept alive by this.
  std::weak_ptr<const RulesInForce> against_;
  std::weak_ptr<const RulesInForce> before_;
  std::string against_revision_;  // empty: no event yet
  Time since_;
  Counts counts_;
  std::map<Hubs, std::uint64_t> moves_;  // requests, by the hubs that they go from and to
  std::uint64_t more_moves_ = 0;         // requests
  std::deque<Sample> devices_;           // the newest in front
};

}  // namespace allocd
