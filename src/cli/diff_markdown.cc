#include <iterator>
#include <ostream>

#include "cli/diff_output.h"
#include "cli/diff_words.h"
#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

void print_markdown_row(const std::vector<std::string>& cells, std::ostream& out) {
  for (const std::string& cell : cells) out << "| " << cell << ' ';
  out << "|\n";
}

}  // namespace

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

void print_device_head(std::ostream& out) {
  out << "| device | change | old | new | twin and payload |\n|---|---|---|---|---|\n";
}

void print_device_row(const ChangedDevice& device, std::ostream& out) {
  std::string differences;
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
    print_markdown_row({std::begin(kMoveColumns), std::end(kMoveColumns)}, out);
    out << "|---:|---:|---:|---:|---:|---:|---|---|\n";
    const std::size_t shown = shown_of(summary.moves.size(), kMostMoves, report.all);
    for (std::size_t i = 0; i < shown; ++i) {
      std::vector<std::string> row = move_cells(summary.moves[i]);
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

}  // namespace allocd
