#include <ostream>

#include "cli/diff_output.h"
#include "cli/diff_words.h"
#include "cli/output.h"
#include "webhook/decision_json.h"

namespace allocd {
namespace {

bool twin_counts(const ChangedDevice& device) {
  return device.to.decision.outcome == Outcome::Allocate && device.to.decision.initial_twin;
}

Json flow_json(const RuleFlow& flow) { return {{"gained", flow.gained}, {"lost", flow.lost}}; }

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Json set_json(const ComparedSet& set) {
  return {{"path", set.path}, {"rules", set.rules}, {"revision", set.revision}};
}

Json device_json(const ChangedDevice& device) {
  Json out = {{"registrationId", device.registration_id}, {"kind", change_name(device.change)}};
  out["from"] = decision_json(device.from, {});
  out["to"] = decision_json(device.to, {});
  const bool allocates = device.to.decision.outcome == Outcome::Allocate;
  out["reprovisioning"] = allocates ? Json(move_name(device.move)) : Json(nullptr);
  out["twinEffect"] = twin_counts(device) ? Json(twin_effect(device.move)) : Json(nullptr);
  out["differences"] = Json::array();
  const auto or_null = [](const Json* value) { return value != nullptr ? *value : Json(nullptr); };
  for_each_difference(device, [&](const JsonChange& change) {
    out["differences"].push_back(
        {{"place", change.place}, {"from", or_null(change.before)}, {"to", or_null(change.after)}});
  });
  return out;
}

void print_diff_json(const DiffReport& report, std::ostream& out) {
  const ReplaySummary& summary = report.summary;
  Json head = {{"old", set_json(report.from)},
               {"new", set_json(report.to)},
               {"requests", summary.requests},
               {"compared", summary.compared},
               {"unchanged", summary.count(Change::None)}};
  for (const Change change : {Change::MovedHub, Change::TwinChanged, Change::PayloadChanged,
                              Change::NewlyRefused, Change::NewlyAccepted, Change::Other})
    head[std::string(change_name(change))] = summary.count(change);
  head["moved"] = {{"devices", summary.moved()}};
  if (report.bound)
    head["moved"].update(
        {{"maxPercent", report.bound->millionths / 10000.0}, {"exceeded", report.is_over_bound()}});
  head["skipped"] = summary.skipped;
  head["skippedLines"] = Json::array();
  for (const SkippedPiece& piece : report.skipped)
    head["skippedLines"].push_back(
        {{"file", report.files[piece.file]}, {"line", piece.line}, {"reason", piece.reason}});
  head["moves"] = Json::array();
  for (const HubMoves& move : summary.moves) {
    const auto hub = [](std::string_view name) {
      return name.empty() ? Json(nullptr) : Json(name);
    };
    Json entry = {{"from", hub(move.from)}, {"to", hub(move.to)}, {"devices", move.devices}};
    for (const Move kind : {Move::Migrated, Move::Reset, Move::Ignored, Move::First, Move::Stays})
      entry[std::string(move_name(kind))] = move.by_move[static_cast<std::size_t>(kind)];
    head["moves"].push_back(std::move(entry));
  }

  Json tail = {{"rules", Json::object()}, {"noRule", flow_json({})}};
  for (const RuleFlow& flow : summary.rules)
    (flow.name.empty() ? tail["noRule"] : tail["rules"][std::string(flow.name)]) = flow_json(flow);

  out << "{\n";
  for (const auto& [name, value] : head.items())
    out << "  " << line_of(name) << ": " << line_of(value) << ",\n";
  out << "  \"devices\": [";
  const char* separator = "\n    ";
  for (const Change change : kChanges) {
    if (summary.count(change) == 0) continue;
    report.devices(change, [&](const ChangedDevice& device) {
      out << separator << line_of(device_json(device));
      separator = ",\n    ";
    });
  }
  out << (report.differs() ? "\n  ]" : "]");
  for (const auto& [name, value] : tail.items())
    out << ",\n  " << line_of(name) << ": " << line_of(value);
  out << "\n}\n";
}

}  // namespace allocd
