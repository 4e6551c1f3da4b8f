#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

#include "analysis/replay.h"
#include "cli/commands.h"
#include "cli/diff_meaning.h"
#include "cli/diff_output.h"
#include "cli/output.h"
#include "cli/request_files.h"
#include "rulefile/load_rules.h"
#include "webhook/recorded_request.h"

namespace allocd {
namespace {

// One line on a terminal that says how far it has come; nothing elsewhere.
class Progress {
 public:
  explicit Progress(std::uint64_t all_bytes)
      : all_bytes_(all_bytes), shown_(::isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::size_t bytes, std::size_t requests) {
    bytes_ += bytes;
    const auto now = Clock::now();
    if (!shown_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(200);
    std::cerr << "\r\x1b[K" << requests << " requests";
    if (all_bytes_ > 0)
      std::cerr << ", " << std::min<std::uint64_t>(100, 100 * bytes_ / all_bytes_) << " %";
    std::cerr << std::flush;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t all_bytes_;
  std::uint64_t bytes_ = 0;
  Clock::time_point next_;
  bool shown_;
};

void replay_all(RequestFiles& files, Replay& replay) {
  Progress progress(files.bytes());
  for (std::uint32_t file = 0; file < files.size(); ++file) {
    RequestPieces pieces([&](const RequestPiece& piece) { replay.take(piece, file); });
    files.read(file, [&](std::string_view text) {
      pieces.feed(text);
      progress.add(text.size(), replay.requests());
    });
    pieces.finish();
  }
}

// Decides the last requests of some devices once more, to tell all about them.
class SecondLook {
 public:
  SecondLook(const RuleSet& from, const RuleSet& to, Moment now, const Replay& replay,
             RequestFiles& files)
      : from_(from), to_(to), now_(now), replay_(replay), files_(files) {}

  void devices(Change change, std::size_t most,
               const std::function<void(const ChangedDevice&)>& see) const {
    replay_.for_each(change, [&](std::string_view id, const RecordedPlace& place) {
      if (most-- == 0) return false;
      see_device(change, id, place, see);
      return true;
    });
  }

 private:
  void see_device(Change change, std::string_view id, const RecordedPlace& place,
                  const std::function<void(const ChangedDevice&)>& see) const {
    const std::string piece = files_.read_at(place);
    const auto recorded = recorded_request(piece);
    std::string_view body;
    if (const auto* own = std::get_if<std::string>(&recorded)) body = *own;
    if (const auto* view = std::get_if<std::string_view>(&recorded)) body = *view;
    const Answer from = answer(from_, body, now_);
    const Answer to = answer(to_, body, now_);
    if (change_between(from.decision, to.decision) != change || !from.registration_id)
      throw std::runtime_error(in_backticks(files_.name(place.file)) +
                               " changed while it was read");
    see({change, id, from, to, move_to(to.decision.hub, reprovisioning_of(body))});
  }

  const RuleSet& from_;
  const RuleSet& to_;
  Moment now_;
  const Replay& replay_;
  RequestFiles& files_;
};

std::optional<Share> parse_bound(const std::string& text) {
  return Share::parse(text.ends_with('%') ? text : text + '%');
}

int diff_requests(const DiffOptions& options, const LoadedRules& from, const LoadedRules& to,
                  RequestFiles& files, std::optional<Share> bound) {
  const Moment now = std::chrono::system_clock::now();
  Replay replay(*from.rules, *to.rules, now);
  replay_all(files, replay);

  DiffReport report;
  report.from = {options.from, from.rule_count, from.revision};
  report.to = {options.to, to.rule_count, to.revision};
  report.summary = replay.summary();
  report.skipped = replay.skipped();
  for (std::size_t i = 0; i < files.size(); ++i) report.files.push_back(files.name(i));
  report.bound = bound;
  report.all = options.all;
  const SecondLook second_look(*from.rules, *to.rules, now, replay, files);
  const std::size_t most = options.all ? static_cast<std::size_t>(-1) : DiffReport::kFew;
  report.devices = [&](Change change, const std::function<void(const ChangedDevice&)>& see) {
    second_look.devices(change, most, see);
  };
  if (options.format == Format::AsJson) {
    print_diff_json(report, std::cout);
  } else if (options.markdown) {
    print_diff_markdown(report, std::cout);
  } else {
    print_diff(report, std::cout);
  }
  if (report.summary.requests == 0) {
    std::cerr << "allocd diff: there is no request in what was read, so nothing was compared\n";
    return kFindings;
  }
  return (bound ? report.is_over_bound() : report.differs()) ? kFindings : kFine;
}

}  // namespace

int run_diff(const DiffOptions& options) {
  std::optional<Share> bound;
  if (!options.max_moved.empty()) {
    bound = parse_bound(options.max_moved);
    if (!bound)
      return wrong_usage("diff", "`--max-moved` is a percentage from `0%` to `100%`, not " +
                                     in_backticks(options.max_moved));
  }
  if (options.markdown && options.format == Format::AsJson)
    return wrong_usage("diff", "`--markdown` and `--output json` are two ways to print");
  if (options.requests.empty() && (bound || options.all))
    return wrong_usage("diff",
                       "`--max-moved` and `--all` are about devices: they need `--requests`");
  if (!options.requests.empty() && !options.linked_hubs.empty())
    return wrong_usage("diff", "requests bring their own hubs: `--linked-hub` goes without");
  RequestFiles files;
  try {
    for (const std::string& path : options.requests) files.open(path);
  } catch (const std::runtime_error& error) {
    return wrong_usage("diff", error.what());
  }
  const LoadedRules from = load_rules({options.from});
  const LoadedRules to = load_rules({options.to});
  if (!from.rules || !to.rules) {
    print_diagnostics(from.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    print_diagnostics(to.diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    std::cerr << "allocd diff: nothing was compared, see above\n";
    return kFindings;
  }
  if (options.requests.empty()) return diff_meaning(options, from, to);
  return diff_requests(options, from, to, files, bound);
}

}  // namespace allocd
