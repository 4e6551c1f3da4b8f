#include "cli/diff_words.h"

#include <algorithm>
#include <cstdio>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

Json part_of(const Answer& answer, std::string_view name) {
  const auto& part = name == "initialTwin" ? answer.decision.initial_twin : answer.decision.payload;
  return part ? Json::parse(part->text(), nullptr, false) : Json(nullptr);
}

bool both_allocate(const ChangedDevice& device) {
  return device.from.decision.outcome == Outcome::Allocate &&
         device.to.decision.outcome == Outcome::Allocate;
}

std::string_view hub_or_refused(std::string_view hub) { return hub.empty() ? "(refused)" : hub; }

}  // namespace

std::string percent(std::size_t part, std::size_t whole) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%",
                whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string_view change_in_words(Change change) {
  switch (change) {
    case Change::None: return "unchanged";
    case Change::NewlyRefused: return "newly refused";
    case Change::NewlyAccepted: return "newly accepted";
    case Change::MovedHub: return "moved hub";
    case Change::TwinChanged: return "twin changed";
    case Change::PayloadChanged: return "payload changed";
    case Change::Other: return "refused in another way";
  }
  return "";
}

std::string side(const Answer& answer) {
  const Decision& decision = answer.decision;
  const std::string rule = decision.rule != nullptr ? decision.rule->name : "no rule";
  if (decision.outcome == Outcome::Allocate) return printable(decision.hub) + " (" + rule + ")";
  return std::string(outcome_name(decision.outcome)) + " by " + rule + ": \"" +
         printable(decision.reason) + '"';
}

void for_each_difference(const ChangedDevice& device,
                         const std::function<void(const JsonChange&)>& see) {
  if (!both_allocate(device)) return;
  for (const char* name : {"initialTwin", "payload"}) {
    const Json from = part_of(device.from, name);
    const Json to = part_of(device.to, name);
    for (const JsonChange& change : json_changes(from, to, name)) see(change);
  }
}

std::vector<std::string> move_cells(const HubMoves& move) {
  std::vector<std::string> out = {std::to_string(move.devices)};
  for (const Move kind : {Move::Migrated, Move::Reset, Move::Ignored, Move::First, Move::Stays})
    out.push_back(std::to_string(move.by_move[static_cast<std::size_t>(kind)]));
  out.push_back(printable(hub_or_refused(move.from)));
  out.push_back(printable(hub_or_refused(move.to)));
  return out;
}

std::string rule_or_none(std::string_view name) {
  return name.empty() ? "(no rule)" : std::string(name);
}

std::size_t shown_of(std::size_t count, std::size_t most, bool all) {
  return all ? count : std::min(count, most);
}

std::string bound_in_words(const DiffReport& report) {
  if (!report.bound || report.summary.compared == 0) return {};
  return (report.is_over_bound() ? ", more than the " : ", within the ") +
         as_percentage(report.bound->millionths) + " of `--max-moved`";
}

std::string twins_in_words(const ReplaySummary& summary) {
  const auto count = [&](Move move) {
    return summary.twins_by_move[static_cast<std::size_t>(move)];
  };
  const std::size_t ignored = count(Move::Stays) + count(Move::Migrated) + count(Move::Ignored);
  return "of the changed twins DPS uses " +
         std::to_string(count(Move::First) + count(Move::Reset)) + ", and ignores " +
         std::to_string(ignored) + " of devices that are registered already";
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

bool DiffReport::is_over_bound() const {
  return bound && static_cast<std::uint64_t>(summary.moved()) * Share::kWhole >
                      static_cast<std::uint64_t>(summary.compared) * bound->millionths;
}

}  // namespace allocd
