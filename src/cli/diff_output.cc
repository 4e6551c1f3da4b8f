#include "cli/diff_output.h"

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <utility>

#include "analysis/json_difference.h"
#include "cli/output.h"
#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

constexpr std::size_t kMostMoves = 30;  // rows of the table of moves, without `--all`
constexpr std::size_t kMostRules = 50;

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

// "hub-a.azure-devices.net (rule-a)".
std::string side(const Answer& answer) {
  const Decision& decision = answer.decision;
  const std::string rule = decision.rule != nullptr ? decision.rule->name : "no rule";
  if (decision.outcome == Outcome::Allocate) return printable(decision.hub) + " (" + rule + ")";
  return std::string(outcome_name(decision.outcome)) + " by " + rule + ": \"" +
         printable(decision.reason) + '"';
}

std::string_view move_in_words(Move move) {
  switch (move) {
    case Move::First: return "a new device";
    case Move::Stays: return "it is there already";
    case Move::Migrated: return "migrated: DPS moves it, and its twin goes along";
    case Move::Reset: return "reset: DPS moves it, and it gets the initial twin";
    case Move::Ignored: return "ignored: its enrollment never moves devices";
  }
  return "";
}

Json part_of(const Answer& answer, std::string_view name) {
  const auto& part = name == "initialTwin" ? answer.decision.initial_twin : answer.decision.payload;
  return part ? Json::parse(part->text(), nullptr, false) : Json(nullptr);
}

// Calls `see` with each place in the twin and the payload where the answers differ.
void for_each_difference(const ChangedDevice& device,
                         const std::function<void(const JsonChange&)>& see) {
  for (const char* name : {"initialTwin", "payload"}) {
    const Json from = part_of(device.from, name);
    const Json to = part_of(device.to, name);
    for (const JsonChange& change : json_changes(from, to, name)) see(change);
  }
}

bool both_allocate(const ChangedDevice& device) {
  return device.from.decision.outcome == Outcome::Allocate &&
         device.to.decision.outcome == Outcome::Allocate;
}

bool twin_counts(const ChangedDevice& device) {
  return device.to.decision.outcome == Outcome::Allocate && device.to.decision.initial_twin;
}

std::string_view hub_or_refused(std::string_view hub) { return hub.empty() ? "(refused)" : hub; }

// A table for a terminal: the first columns hold numbers, the last ones names.
class Table {
 public:
  explicit Table(std::size_t numbers) : numbers_(numbers) {}

  void add(std::vector<std::string> row) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], row[i].size());
    rows_.push_back(std::move(row));
  }

  void print(std::ostream& out) const {
    for (const auto& row : rows_) {
      out << ' ';
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string space(widths_[i] - row[i].size(), ' ');
        const bool is_last = i + 1 == row.size();
        out << ' ' << (i < numbers_ ? space + row[i] : row[i] + (is_last ? "" : space + ' '));
        if (i < numbers_ && !is_last) out << ' ';
      }
      out << '\n';
    }
  }

 private:
  std::size_t numbers_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

// Rows of moves: devices, migrated, reset, ignored, new, there already, from, to.
std::vector<std::string> cells(const HubMoves& move) {
  std::vector<std::string> out = {std::to_string(move.devices)};
  for (const Move kind : {Move::Migrated, Move::Reset, Move::Ignored, Move::First, Move::Stays})
    out.push_back(std::to_string(move.by_move[static_cast<std::size_t>(kind)]));
  out.push_back(printable(hub_or_refused(move.from)));
  out.push_back(printable(hub_or_refused(move.to)));
  return out;
}

const std::vector<std::string> kMoveColumns = {"devices", "migrated", "reset", "ignored",
                                               "new",     "there",    "from",  "to"};

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

void print_skipped(const DiffReport& report, std::ostream& out) {
  for (const SkippedPiece& piece : report.skipped)
    out << "  " << printable(report.files[piece.file]) << ':' << piece.line << ": "
        << printable(piece.reason) << '\n';
  if (report.summary.skipped > report.skipped.size())
    out << "  … and " << report.summary.skipped - report.skipped.size() << " more\n";
}

void print_markdown_row(const std::vector<std::string>& cells, std::ostream& out) {
  for (const std::string& cell : cells) out << "| " << cell << ' ';
  out << "|\n";
}

Json flow_json(const RuleFlow& flow) { return {{"gained", flow.gained}, {"lost", flow.lost}}; }

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string in_markdown(std::string_view text) {
  constexpr std::string_view kMarks = "\\`*_[]<>|~@&#$";
  std::string out;
  for (const char c : printable(text, 1000)) {
    if (kMarks.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += "&#" + std::to_string(static_cast<int>(c)) + ';';
    }
  }
  return out;
}

void print_sets(const ComparedSet& from, const ComparedSet& to, std::ostream& out) {
  for (const auto& [name, set] : {std::pair("old", &from), std::pair("new", &to)})
    out << name << "  " << printable(set->path) << ": " << counted(set->rules, "rule")
        << ", revision " << set->revision << '\n';
}

Json set_json(const ComparedSet& set) {
  return {{"path", set.path}, {"rules", set.rules}, {"revision", set.revision}};
}

void print_device(const ChangedDevice& device, std::ostream& out) {
  out << "  " << printable(device.registration_id) << ": ";
  if (device.change == Change::TwinChanged || device.change == Change::PayloadChanged) {
    out << side(device.to);
    if (device.change == Change::TwinChanged && !device.is_made_up)
      out << (twin_effect(device.move) == "ignored" ? ", registered already: DPS ignores the twin"
                                                    : ", DPS uses the twin");
  } else {
    out << side(device.from) << " → " << side(device.to);
    if (device.change == Change::MovedHub && !device.is_made_up)
      out << ", " << move_in_words(device.move);
  }
  out << '\n';
  if (!both_allocate(device)) return;
  for_each_difference(device, [&](const JsonChange& change) {
    out << "      " << change.place << ": " << json_as_line(change.before) << " → "
        << json_as_line(change.after) << '\n';
  });
}

void print_device_head(std::ostream& out) {
  out << "| device | change | old | new | twin and payload |\n|---|---|---|---|---|\n";
}

void print_device_row(const ChangedDevice& device, std::ostream& out) {
  std::string differences;
  if (both_allocate(device))
    for_each_difference(device, [&](const JsonChange& difference) {
      differences += (differences.empty() ? "" : "<br>") +
                     in_markdown(difference.place + ": " + json_as_line(difference.before) + " → " +
                                 json_as_line(difference.after));
    });
  std::string what(change_in_words(device.change));
  if (device.change == Change::MovedHub && !device.is_made_up)
    what += ", " + std::string(move_name(device.move));
  if (device.change == Change::TwinChanged && twin_effect(device.move) == "ignored")
    what += ", ignored by DPS";
  print_markdown_row({in_markdown(device.registration_id), what, in_markdown(side(device.from)),
                      in_markdown(side(device.to)), differences},
                     out);
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
  if (both_allocate(device))
    for_each_difference(device, [&](const JsonChange& change) {
      out["differences"].push_back({{"place", change.place},
                                    {"from", or_null(change.before)},
                                    {"to", or_null(change.after)}});
    });
  return out;
}

bool DiffReport::is_over_bound() const {
  return bound && static_cast<std::uint64_t>(summary.moved()) * Share::kWhole >
                      static_cast<std::uint64_t>(summary.compared) * bound->millionths;
}

void print_diff(const DiffReport& report, std::ostream& out) {
  const ReplaySummary& summary = report.summary;
  print_sets(report.from, report.to, out);
  out << counted(summary.requests, "request") << " read, " << counted(summary.compared, "device")
      << " compared\n";
  if (summary.skipped > 0) {
    out << summary.skipped << (summary.skipped == 1 ? " was" : " were")
        << " no request, and left out:\n";
    print_skipped(report, out);
  }
  out << '\n';
  Table counts(1);
  counts.add({std::to_string(summary.count(Change::None)), "unchanged"});
  for (const Change change : kChanges)
    if (summary.count(change) > 0)
      counts.add({std::to_string(summary.count(change)), std::string(change_in_words(change))});
  counts.print(out);
  out << percent(summary.moved(), summary.compared) << " of the devices lose the hub that they had"
      << bound_in_words(report) << '\n';
  if (summary.count(Change::TwinChanged) > 0) out << twins_in_words(summary) << '\n';

  if (!summary.moves.empty()) {
    out << "\nmoves\n";
    const std::size_t shown = shown_of(summary.moves.size(), kMostMoves, report.all);
    Table table(6);
    table.add(kMoveColumns);
    for (std::size_t i = 0; i < shown; ++i) table.add(cells(summary.moves[i]));
    table.print(out);
    if (shown < summary.moves.size())
      out << "  … and " << summary.moves.size() - shown << " more pairs of hubs\n";
  }
  if (!summary.rules.empty()) {
    out << "\nrules\n";
    const std::size_t shown = shown_of(summary.rules.size(), kMostRules, report.all);
    Table table(2);
    table.add({"gained", "lost", "rule"});
    for (std::size_t i = 0; i < shown; ++i)
      table.add({std::to_string(summary.rules[i].gained), std::to_string(summary.rules[i].lost),
                 rule_or_none(summary.rules[i].name)});
    table.print(out);
    if (shown < summary.rules.size())
      out << "  … and " << counted(summary.rules.size() - shown, "more rule") << '\n';
  }
  for (const Change change : kChanges) {
    const std::size_t count = summary.count(change);
    if (count == 0) continue;
    out << '\n' << change_in_words(change) << '\n';
    report.devices(change, [&](const ChangedDevice& device) { print_device(device, out); });
    if (!report.all && count > DiffReport::kFew)
      out << "  … and " << count - DiffReport::kFew << " more; `--all` shows them\n";
  }
}

void print_diff_markdown(const DiffReport& report, std::ostream& out) {
  const ReplaySummary& summary = report.summary;
  out << "### allocd diff: " << in_markdown(report.from.path) << " → "
      << in_markdown(report.to.path) << "\n\n**" << percent(summary.moved(), summary.compared)
      << " of " << counted(summary.compared, "device") << " lose the hub that they had"
      << bound_in_words(report) << ".** " << counted(summary.requests, "request")
      << " read; revisions " << report.from.revision << " → " << report.to.revision << ".\n";
  if (summary.skipped > 0) {
    out << '\n'
        << summary.skipped << (summary.skipped == 1 ? " was" : " were")
        << " no request, and left out:\n\n";
    for (const SkippedPiece& piece : report.skipped)
      out << "- " << in_markdown(report.files[piece.file]) << ':' << piece.line << ": "
          << in_markdown(piece.reason) << '\n';
    if (summary.skipped > report.skipped.size())
      out << "- … and " << summary.skipped - report.skipped.size() << " more\n";
  }
  out << "\n| devices | |\n|---:|---|\n| " << summary.count(Change::None) << " | unchanged |\n";
  for (const Change change : kChanges)
    if (summary.count(change) > 0)
      out << "| " << summary.count(change) << " | " << change_in_words(change) << " |\n";
  if (summary.count(Change::TwinChanged) > 0) out << "\nNote: " << twins_in_words(summary) << ".\n";

  if (!summary.moves.empty()) {
    out << "\n#### Moves\n\n";
    print_markdown_row(kMoveColumns, out);
    out << "|---:|---:|---:|---:|---:|---:|---|---|\n";
    const std::size_t shown = shown_of(summary.moves.size(), kMostMoves, report.all);
    for (std::size_t i = 0; i < shown; ++i) {
      std::vector<std::string> row = cells(summary.moves[i]);
      for (std::string& cell : row) cell = in_markdown(cell);
      print_markdown_row(row, out);
    }
    if (shown < summary.moves.size())
      out << "\n… and " << summary.moves.size() - shown << " more pairs of hubs.\n";
  }
  if (!summary.rules.empty()) {
    out << "\n#### Rules\n\n| gained | lost | rule |\n|---:|---:|---|\n";
    const std::size_t shown = shown_of(summary.rules.size(), kMostRules, report.all);
    for (std::size_t i = 0; i < shown; ++i)
      print_markdown_row(
          {std::to_string(summary.rules[i].gained), std::to_string(summary.rules[i].lost),
           in_markdown(rule_or_none(summary.rules[i].name))},
          out);
    if (shown < summary.rules.size())
      out << "\n… and " << counted(summary.rules.size() - shown, "more rule") << ".\n";
  }
  if (!report.differs()) return;
  out << "\n#### Devices\n\n";
  print_device_head(out);
  for (const Change change : kChanges) {
    const std::size_t count = summary.count(change);
    if (count == 0) continue;
    report.devices(change, [&](const ChangedDevice& device) { print_device_row(device, out); });
    if (!report.all && count > DiffReport::kFew)
      print_markdown_row({"… and " + std::to_string(count - DiffReport::kFew) + " more",
                          std::string(change_in_words(change)), "", "", ""},
                         out);
  }
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
