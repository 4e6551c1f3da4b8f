#include "analysis/replay.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "webhook/recorded_request.h"

namespace allocd {
namespace {

std::uint32_t position(const RuleSet& rules, const Rule* rule, std::uint32_t none) {
  return rule == nullptr ? none : static_cast<std::uint32_t>(rule - rules.rules().data());
}

}  // namespace

Replay::Replay(const RuleSet& from, const RuleSet& to, Moment now)
    : from_(from), to_(to), now_(now) {
  hubs_.number_of("");
}

void Replay::take(const RequestPiece& piece, std::uint32_t file) {
  if (!piece.broken.empty()) return skip(piece, file, piece.broken);
  const auto recorded = recorded_request(piece.text);
  if (const auto* none = std::get_if<NoRequest>(&recorded)) return skip(piece, file, none->reason);
  const auto* own = std::get_if<std::string>(&recorded);
  const std::string_view body = own != nullptr ? *own : std::get<std::string_view>(recorded);

  const Answer from = answer(from_, body, now_);
  // Without an ID it is no request, or one of no device that could be compared.
  if (!from.registration_id) return skip(piece, file, from.decision.reason);
  const Answer to = answer(to_, body, now_);

  ++requests_;
  const std::uint32_t number = ids_.number_of(*from.registration_id);
  if (number == devices_.size()) devices_.emplace_back();
  Device& device = devices_[number];
  device.place = {file, static_cast<std::uint32_t>(piece.text.size()), piece.offset};
  device.from_rule = position(from_, from.decision.rule, kNoRule);
  device.to_rule = position(to_, to.decision.rule, kNoRule);
  device.from_hub = hubs_.number_of(from.decision.hub);
  device.to_hub = hubs_.number_of(to.decision.hub);
  device.change = change_between(from.decision, to.decision);
  if (device.change == Change::MovedHub || device.change == Change::TwinChanged)
    device.move = move_to(to.decision.hub, reprovisioning_of(body));
}

void Replay::skip(const RequestPiece& piece, std::uint32_t file, std::string_view reason) {
  ++skipped_count_;
  if (skipped_.size() < kMaxShown) skipped_.push_back({file, piece.line, std::string(reason)});
}

ReplaySummary Replay::summary() const {
  ReplaySummary out;
  out.requests = requests_;
  out.compared = devices_.size();
  out.skipped = skipped_count_;

  std::unordered_map<std::string_view, std::size_t> flows;
  const auto flow_of = [&](const RuleSet& rules, std::uint32_t rule) -> RuleFlow& {
    const std::string_view name = rule == kNoRule ? std::string_view() : rules.rules()[rule].name;
    const auto [place, is_new] = flows.emplace(name, out.rules.size());
    if (is_new) out.rules.push_back({name});
    return out.rules[place->second];
  };
  // INVARIANT: all names are in before two of them are looked at.
  for (std::uint32_t i = 0; i < to_.rules().size(); ++i) flow_of(to_, i);
  for (std::uint32_t i = 0; i < from_.rules().size(); ++i) flow_of(from_, i);
  flow_of(to_, kNoRule);

  std::map<std::pair<std::uint32_t, std::uint32_t>, HubMoves> moves;
  for (const Device& device : devices_) {
    ++out.by_change[static_cast<std::size_t>(device.change)];
    RuleFlow& lost = flow_of(from_, device.from_rule);
    RuleFlow& gained = flow_of(to_, device.to_rule);
    if (&lost != &gained) {
      ++lost.lost;
      ++gained.gained;
    }
    if (device.change == Change::TwinChanged)
      ++out.twins_by_move[static_cast<std::size_t>(device.move)];
    if (device.change != Change::MovedHub && device.change != Change::NewlyRefused &&
        device.change != Change::NewlyAccepted)
      continue;
    HubMoves& move = moves[{device.from_hub, device.to_hub}];
    move.from = hubs_.name(device.from_hub);
    move.to = hubs_.name(device.to_hub);
    ++move.devices;
    if (device.change == Change::MovedHub) ++move.by_move[static_cast<std::size_t>(device.move)];
  }
  for (const auto& entry : moves) out.moves.push_back(entry.second);
  std::stable_sort(out.moves.begin(), out.moves.end(),
                   [](const HubMoves& a, const HubMoves& b) { return a.devices > b.devices; });
  std::erase_if(out.rules, [](const RuleFlow& flow) { return flow.gained == 0 && flow.lost == 0; });
  return out;
}

void Replay::for_each(Change change,
                      const std::function<bool(std::string_view registration_id,
                                               const RecordedPlace& place)>& see) const {
  std::uint32_t number = 0;
  for (const Device& device : devices_) {
    if (device.change == change && !see(ids_.name(number), device.place)) return;
    ++number;
  }
}

void Replay::for_each_device(const std::function<void(const ReplayedDevice&)>& see) const {
  const auto rule_of = [](const RuleSet& rules, std::uint32_t number) {
    return number == kNoRule ? nullptr : &rules.rules()[number];
  };
  std::uint32_t number = 0;
  for (const Device& device : devices_)
    see({ids_.name(number++), device.place, device.change, hubs_.name(device.from_hub),
         hubs_.name(device.to_hub), rule_of(from_, device.from_rule),
         rule_of(to_, device.to_rule)});
}

}  // namespace allocd
