#include "cli/diff_meaning.h"

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "analysis/made_up_hubs.h"
#include "analysis/rule_difference.h"
#include "cli/diff_output.h"
#include "cli/output.h"

namespace allocd {
namespace {

constexpr std::chrono::seconds kAnalysisTime(5);

// Both answers to each request that shows a difference.
void for_each_device(const MeaningComparison& found, const RuleSet& from, const RuleSet& to,
                     const std::function<void(const ChangedDevice&, const std::string&)>& see) {
  for (const MeaningDifference& difference : found.differences) {
    const Answer before = answer(from, difference.body, Moment());
    const Answer after = answer(to, difference.body, Moment());
    see({difference.change, difference.registration_id, before, after,
         move_to(after.decision.hub, reprovisioning_of(difference.body)), true},
        difference.body);
  }
}

// What is left open, so that nobody takes silence for a proof.
std::vector<std::string> open_ends(const MeaningComparison& found) {
  std::vector<std::string> out;
  if (found.only_tried > 0)
    out.push_back(counted(found.only_tried, "pair") +
                  " of rules gave the same answers to what was tried, which is no proof");
  if (found.not_analysed > 0)
    out.push_back(counted(found.not_analysed, "pair") + " of rules could not be analysed (" +
                  found.why_not + ")");
  if (!found.in_time)
    out.emplace_back("there was more than could be looked at: further pairs of rules were not");
  return out;
}

std::string verdict(const MeaningComparison& found) {
  if (!found.differences.empty())
    return counted(found.differences.size(), "pair") +
           " of rules with different answers, each shown by a registration ID";
  return found.is_proven_same() ? "no valid registration ID gets another answer"
                                : "no difference was found";
}

Json comparison_json(const MeaningComparison& found, const RuleSet& from, const RuleSet& to) {
  Json out = {{"differences", Json::array()}};
  for_each_device(found, from, to, [&](const ChangedDevice& device, const std::string& body) {
    Json entry = device_json(device);
    entry["request"] = Json::parse(body);
    out["differences"].push_back(std::move(entry));
  });
  out["onlyTried"] = found.only_tried;
  out["notAnalysed"] = found.not_analysed;
  out["inTime"] = found.in_time;
  out["provenSame"] = found.is_proven_same();
  return out;
}

}  // namespace

int diff_meaning(const DiffOptions& options, const LoadedRules& from, const LoadedRules& to) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + kAnalysisTime;
  const std::vector<std::string> hubs =
      options.linked_hubs.empty() ? made_up_hubs(*from.rules, *to.rules) : options.linked_hubs;
  // The same files say the same.
  MeaningComparison found;
  if (from.revision != to.revision)
    found = compare_meaning(*from.rules, *to.rules, hubs,
                            {.time_is_up = [end] { return Clock::now() >= end; }});
  const ComparedSet old_set = {options.from, from.rule_count, from.revision};
  const ComparedSet new_set = {options.to, to.rule_count, to.revision};
  const char* made_up =
      options.linked_hubs.empty()
          ? "hubs are made up from the patterns of the rules; `--linked-hub` names real ones"
          : "";
  std::ostream& out = std::cout;
  if (options.format == Format::AsJson) {
    Json report = {{"old", set_json(old_set)}, {"new", set_json(new_set)}, {"linkedHubs", hubs}};
    report.update(comparison_json(found, *from.rules, *to.rules));
    out << report.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else if (options.markdown) {
    out << "### allocd diff: " << in_markdown(options.from) << " → " << in_markdown(options.to)
        << "\n\n**" << verdict(found) << ".** Revisions " << from.revision << " → " << to.revision
        << ".\n\n";
    if (!found.differences.empty()) {
      print_device_head(out);
      for_each_device(
          found, *from.rules, *to.rules,
          [&](const ChangedDevice& device, const std::string&) { print_device_row(device, out); });
      out << '\n';
    }
    for (const std::string& text : open_ends(found)) out << "- " << in_markdown(text) << '\n';
    if (*made_up != '\0') out << "- " << made_up << '\n';
  } else {
    print_sets(old_set, new_set, out);
    out << verdict(found) << '\n';
    for_each_device(
        found, *from.rules, *to.rules,
        [&](const ChangedDevice& device, const std::string&) { print_device(device, out); });
    for (const std::string& text : open_ends(found)) out << text << '\n';
    if (*made_up != '\0' && !found.differences.empty()) out << made_up << '\n';
  }
  return found.differences.empty() ? kFine : kFindings;
}

}  // namespace allocd
