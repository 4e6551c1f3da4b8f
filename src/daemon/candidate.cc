#include "daemon/candidate.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "daemon/secret_captures.h"
#include "policy/letter_case.h"
#include "policy/text_template.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

// Longer IDs than DPS has are told apart by their first letters.
constexpr std::size_t kMaxKeyBytes = 256;

bool same_owner(const std::weak_ptr<const RulesInForce>& a,
                const std::shared_ptr<const RulesInForce>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

bool is_move(Change change) {
  return change == Change::MovedHub || change == Change::NewlyRefused ||
         change == Change::NewlyAccepted;
}

}  // namespace

void Candidate::replace(std::shared_ptr<const RulesInForce> rules) {
  const std::lock_guard lock(mutex_);
  rules_.swap(rules);
  begin_anew(rules_ != nullptr ? rules_->loaded_at() : Time());
  against_.reset();
  before_.reset();
  against_revision_.clear();
  // The old one ends after the lock, for it can be large.
}

void Candidate::begin_anew(Time since) {
  since_ = since;
  counts_ = {};
  moves_.clear();
  more_moves_ = 0;
  devices_.clear();
}

std::shared_ptr<const RulesInForce> Candidate::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

Candidate::Counts Candidate::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Candidate::compare(const DecisionEvent& event) {
  const std::shared_ptr<const RulesInForce> candidate = rules();
  if (candidate == nullptr || !event.answer.registration_id) return;
  const Decision& from = event.answer.decision;
  const Answer other = answer(candidate->rules(), event.body, event.at);
  const Decision& to = other.decision;
  const Change change = change_between(from, to);

  std::optional<Sample> sample;
  if (change != Change::None) {
    const std::string& id = *event.answer.registration_id;
    const Secrets secrets = redaction_.secrets_of(event.body);
    const Secrets of_both =
        with_captures(secrets_of_answer(event, secrets), candidate->rules(), to.rule, event.body);
    sample = {lower(std::string_view(id).substr(0, kMaxKeyBytes)),
              told(id, secrets),
              event.at,
              change,
              ToldDecision(from, of_both),
              ToldDecision(to, of_both)};
  }

  const std::lock_guard lock(mutex_);
  // It may have been replaced meanwhile.
  if (rules_ != candidate || !is_against(event.in_force, event.at)) return;
  ++counts_.compared;
  ++counts_.by_change[static_cast<std::size_t>(change)];
  if (!sample) return;
  if (is_move(change)) count_move({sample->from.hub, sample->to.hub});
  keep(*std::move(sample));
}

bool Candidate::is_against(const std::shared_ptr<const RulesInForce>& in_force, Time at) {
  if (same_owner(against_, in_force)) return true;
  // Several threads decide: some of what the old rules decided comes after the new rules' first.
  if (same_owner(before_, in_force)) return false;
  before_ = against_;
  against_ = in_force;
  if (against_revision_ == in_force->revision()) return true;
  const bool is_first = against_revision_.empty();
  against_revision_ = in_force->revision();
  if (!is_first) begin_anew(at);
  return true;
}

void Candidate::count_move(Hubs hubs) {
  if (const auto known = moves_.find(hubs); known != moves_.end()) {
    ++known->second;
  } else if (moves_.size() < kMaxMoves) {
    moves_.emplace(std::move(hubs), 1);
  } else {
    ++more_moves_;
  }
}

void Candidate::keep(Sample sample) {
  std::erase_if(devices_, [&](const Sample& other) { return other.key == sample.key; });
  devices_.push_front(std::move(sample));
  if (devices_.size() > kMaxDevices) devices_.pop_back();
}

Json Candidate::json() const {
  const std::lock_guard lock(mutex_);
  if (rules_ == nullptr) return nullptr;
  Json out = {{"revision", rules_->revision()},
              {"rules", rules_->rules().rules().size()},
              {"since", format_moment(since_)},
              {"against", name_or_null(against_revision_)},
              {"compared", counts_.compared},
              {"unchanged", counts_.by_change[static_cast<std::size_t>(Change::None)]}};
  for (const Change change : kChanges)
    out[std::string(change_name(change))] = counts_.by_change[static_cast<std::size_t>(change)];

  std::vector<std::pair<Hubs, std::uint64_t>> moves(moves_.begin(), moves_.end());
  std::stable_sort(moves.begin(), moves.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  out["moves"] = Json::array();
  for (const auto& [hubs, requests] : moves)
    out["moves"].push_back({{"from", name_or_null(hubs.first)},
                            {"to", name_or_null(hubs.second)},
                            {"requests", requests}});
  out["moreMoves"] = more_moves_;
  out["devices"] = Json::array();
  for (const Sample& sample : devices_)
    out["devices"].push_back({{"registrationId", sample.registration_id},
                              {"time", format_moment(sample.at)},
                              {"kind", change_name(sample.change)},
                              {"from", sample.from.json()},
                              {"to", sample.to.json()}});
  return out;
}

}  // namespace allocd
