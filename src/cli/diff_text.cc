#include <algorithm>
#include <iterator>
#include <ostream>
#include <utility>

#include "cli/diff_output.h"
#include "cli/diff_words.h"
#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

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

void print_skipped(const DiffReport& report, std::ostream& out) {
  for (const SkippedPiece& piece : report.skipped)
    out << "  " << printable(report.files[piece.file]) << ':' << piece.line << ": "
        << printable(piece.reason) << '\n';
  if (report.summary.skipped > report.skipped.size())
    out << "  … and " << report.summary.skipped - report.skipped.size() << " more\n";
}

}  // namespace

void print_sets(const ComparedSet& from, const ComparedSet& to, std::ostream& out) {
  for (const auto& [name, set] : {std::pair("old", &from), std::pair("new", &to)})
    out << name << "  " << printable(set->path) << ": " << counted(set->rules, "rule")
        << ", revision " << set->revision << '\n';
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
  for_each_difference(device, [&](const JsonChange& change) {
    out << "      " << change.place << ": " << json_as_line(change.before) << " → "
        << json_as_line(change.after) << '\n';
  });
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
    table.add({std::begin(kMoveColumns), std::end(kMoveColumns)});
    for (std::size_t i = 0; i < shown; ++i) table.add(move_cells(summary.moves[i]));
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

}  // namespace allocd
