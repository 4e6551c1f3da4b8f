// What `allocd diff` prints about recorded requests: for a terminal, a script or a pull request.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/replay.h"
#include "policy/located_value.h"
#include "policy/share.h"
#include "webhook/answer.h"

namespace allocd {

// A rule set as it is told about.
struct ComparedSet {
  std::string path;
  std::size_t rules = 0;
  std::string revision;
};

// A device that would notice, with both answers to its last request.
struct ChangedDevice {
  Change change = Change::None;
  std::string_view registration_id;
  const Answer& from;
  const Answer& to;
  Move move = Move::First;  // of `to`, where that allocates
  bool is_made_up = false;  // no device that anybody knows
};

struct DiffReport {
  ComparedSet from;
  ComparedSet to;
  ReplaySummary summary;
  std::vector<SkippedPiece> skipped;  // the first of them
  std::vector<std::string> files;     // names, by SkippedPiece::file
  std::optional<Share> bound;         // `--max-moved`
  bool all = false;                   // show all devices

  // Hands out devices of a kind, `few` at most or all of them.
  std::function<void(Change, const std::function<void(const ChangedDevice&)>&)> devices;

  static constexpr std::size_t kFew = 5;

  bool is_over_bound() const;
  // Whether any device would notice.
  bool differs() const { return summary.count(Change::None) < summary.compared; }
};

void print_diff(const DiffReport& report, std::ostream& out);
// A section for a pull request, in GitHub's Markdown.
void print_diff_markdown(const DiffReport& report, std::ostream& out);
// One line a device, so that a million of them need no memory.
void print_diff_json(const DiffReport& report, std::ostream& out);

// Parts of them, for other reports of the same kind.

void print_sets(const ComparedSet& from, const ComparedSet& to, std::ostream& out);
Json set_json(const ComparedSet& set);
// A line about the device, and one for each difference in its twin and payload.
void print_device(const ChangedDevice& device, std::ostream& out);
// "| device | change | old | new | twin and payload |", and its head.
void print_device_head(std::ostream& out);
void print_device_row(const ChangedDevice& device, std::ostream& out);
Json device_json(const ChangedDevice& device);
// Text that means nothing to Markdown, whatever it holds.
std::string in_markdown(std::string_view text);
// "1 rule", "2 rules".
std::string counted(std::size_t count, const char* what);

}  // namespace allocd
