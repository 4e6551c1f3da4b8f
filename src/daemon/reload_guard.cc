#include "daemon/reload_guard.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/replay.h"
#include "daemon/secret_captures.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxShown = GuardReport::kMaxShown;

GuardVerdict verdict_on(const GuardReport& report) {
  if (report.compared < report.settings.min_sample) return GuardVerdict::TooFew;
  const bool is_over = std::uint64_t{report.moved()} * Share::kWhole >
                       std::uint64_t{report.compared} * report.settings.max_moved.millionths;
  return is_over ? GuardVerdict::Refused : GuardVerdict::Passed;
}

// Leaves the first of `all`; comes back with how many that leaves out.
template <typename T>
std::size_t keep_first(std::vector<T>& all) {
  const std::size_t left_out = all.size() - std::min(all.size(), kMaxShown);
  all.erase(all.end() - static_cast<std::ptrdiff_t>(left_out), all.end());
  return left_out;
}

// One replay of the recent requests, and the parts of the report that are made of it.
class Comparison {
 public:
  Comparison(const RuleSet& from, const RuleSet& to, const RecentBodies& recent, Moment now,
             const Redaction& redaction, const TimeIsUp& time_is_up)
      : from_(from),
        to_(to),
        recent_(recent),
        now_(now),
        redaction_(redaction),
        time_is_up_(time_is_up),
        replay_(from, to, now) {}

  // How many requests were compared before time was up.
  std::size_t run() {
    std::uint32_t taken = 0;
    for (; taken < recent_.bodies.size() && !time_is_up_(); ++taken)
      replay_.take({*recent_.bodies[taken], {}, 0, 0}, taken);
    return taken;
  }

  ReplaySummary summary() const { return replay_.summary(); }

  // Hubs are told as their devices are: what is a secret of one of them is none of the others.
  std::vector<GuardReport::Move> moves() const {
    std::map<std::pair<std::string, std::string>, std::size_t> devices;
    replay_.for_each_device([&](const ReplayedDevice& device) {
      if (device.change != Change::MovedHub && device.change != Change::NewlyRefused &&
          device.change != Change::NewlyAccepted)
        return;
      const Secrets secrets = of_answers(device, redaction_.secrets_of(body_of(device)));
      ++devices[{told(device.from_hub, secrets), told(device.to_hub, secrets)}];
    });
    std::vector<GuardReport::Move> out;
    for (const auto& [hubs, count] : devices) out.push_back({hubs.first, hubs.second, count});
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.devices > b.devices; });
    return out;
  }

  // Room that neither kind needs is the other's.
  std::vector<GuardReport::Device> devices(std::size_t refused, std::size_t moved) const {
    const std::size_t for_refused =
        std::min(refused, std::max(kMaxShown / 2, kMaxShown - std::min(moved, kMaxShown)));
    std::vector<GuardReport::Device> out;
    append(Change::NewlyRefused, for_refused, out);
    append(Change::MovedHub, kMaxShown, out);
    return out;
  }

 private:
  const std::string& body_of(const ReplayedDevice& device) const {
    return *recent_.bodies[device.place.file];
  }

  // What neither answer may tell, where `secrets` are the request's.
  Secrets of_answers(const ReplayedDevice& device, const Secrets& secrets) const {
    const std::string& body = body_of(device);
    return with_captures(with_captures(secrets, from_, device.from_rule, body), to_, device.to_rule,
                         body);
  }

  void append(Change change, std::size_t up_to, std::vector<GuardReport::Device>& out) const {
    replay_.for_each_device([&](const ReplayedDevice& device) {
      // At least one is worth the time.
      if (device.change != change || out.size() >= up_to || (!out.empty() && time_is_up_())) return;
      const std::string& body = body_of(device);
      const Secrets secrets = redaction_.secrets_of(body);
      const Secrets of_both = of_answers(device, secrets);
      out.push_back({told(device.registration_id, secrets), change,
                     ToldDecision(answer(from_, body, now_).decision, of_both),
                     ToldDecision(answer(to_, body, now_).decision, of_both)});
    });
  }

  const RuleSet& from_;
  const RuleSet& to_;
  const RecentBodies& recent_;
  Moment now_;
  const Redaction& redaction_;
  const TimeIsUp& time_is_up_;
  Replay replay_;
};

std::vector<GuardReport::Flow> flows_of(const ReplaySummary& summary) {
  std::vector<GuardReport::Flow> out;
  for (const RuleFlow& flow : summary.rules)
    out.push_back({std::string(flow.name), flow.gained, flow.lost});
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.gained + a.lost > b.gained + b.lost;
  });
  return out;
}

}  // namespace

GuardReport guard_reload(const RuleSet& from, const RuleSet& to, const RecentBodies& recent,
                         const GuardSettings& settings, Moment now, const Redaction& redaction,
                         const TimeIsUp& time_is_up) {
  GuardReport out;
  out.settings = settings;
  if (settings.is_off) return out;
  Comparison comparison(from, to, recent, now, redaction, time_is_up);
  const std::size_t taken = comparison.run();
  const ReplaySummary summary = comparison.summary();
  out.compared = summary.compared;
  out.by_change = summary.by_change;
  out.too_large = recent.too_large;
  out.out_of_time = recent.bodies.size() - taken;
  out.moves = comparison.moves();
  out.more_moves = keep_first(out.moves);
  out.rules = flows_of(summary);
  out.more_rules = keep_first(out.rules);
  out.devices = comparison.devices(out.count(Change::NewlyRefused), out.count(Change::MovedHub));
  out.verdict = verdict_on(out);
  return out;
}

}  // namespace allocd
