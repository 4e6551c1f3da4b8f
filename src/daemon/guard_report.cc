#include "daemon/guard_report.h"

#include <algorithm>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

// Of each kind; `/status` has more of them.
constexpr std::size_t kMostLines = 5;

double part(std::size_t devices, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(devices) / static_cast<double>(whole);
}

std::string in_percent(const GuardReport& report) {
  return as_percentage(static_cast<std::uint32_t>(
      part(report.moved(), report.compared) * static_cast<double>(Share::kWhole) + 0.5));
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string_view in_words(Change change) {
  switch (change) {
    case Change::None: return "unchanged";
    case Change::NewlyRefused: return "newly refused";
    case Change::NewlyAccepted: return "newly accepted";
    case Change::MovedHub: return "on another hub";
    case Change::TwinChanged: return "with another twin";
    case Change::PayloadChanged: return "with another payload";
    case Change::Other: return "refused in another way";
  }
  return "";
}

std::string hub_in_words(const std::string& hub) {
  return hub.empty() ? "(refused)" : printable(hub);
}

std::string verdict_in_words(const GuardReport& report) {
  const std::string losing = std::to_string(report.moved()) + " of the " +
                             counted(report.compared, "device") + " seen last (" +
                             in_percent(report) + ") would lose the hub that they have";
  const std::string bound =
      as_percentage(report.settings.max_moved.millionths) + " that `reload.guard.maxMoved` allows";
  switch (report.verdict) {
    case GuardVerdict::Passed:
      return "the reload guard lets the new rules pass: " + losing + ", not more than the " + bound;
    case GuardVerdict::Refused:
      return "the reload guard holds the new rules back: " + losing + ", more than the " + bound;
    case GuardVerdict::TooFew:
      return "the reload guard lets the new rules pass unjudged: it compared " +
             counted(report.compared, "device") + ", fewer than the " +
             std::to_string(report.settings.min_sample) + " of `reload.guard.minSample`";
    case GuardVerdict::Off:
      return "the reload guard is off (`reload.guard`): nobody has looked whom the new rules move";
  }
  return "";
}

// "3 newly refused, 20 on another hub": what is not there is not told.
std::string changes_in_words(const GuardReport& report) {
  std::string out;
  for (const Change change : kChanges)
    if (report.count(change) > 0)
      out += (out.empty() ? "" : ", ") + std::to_string(report.count(change)) + ' ' +
             std::string(in_words(change));
  return out;
}

// Lines of `all` by `line_of`, and how many there are beside them.
template <typename T, typename LineOf>
std::string lines(const std::vector<T>& all, std::size_t count, const std::string& what,
                  LineOf line_of) {
  const std::size_t shown = std::min(all.size(), kMostLines);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) out += "\n  " + line_of(all[i]);
  if (shown < count) out += "\n  … and " + counted(count - shown, "more " + what);
  return out;
}

std::string moves_in_lines(const GuardReport& report) {
  return lines(report.moves, report.moves.size() + report.more_moves, "move",
               [](const GuardReport::Move& move) {
                 return hub_in_words(move.from) + " → " + hub_in_words(move.to) + ": " +
                        counted(move.devices, "device");
               });
}

std::string rules_in_lines(const GuardReport& report) {
  return lines(report.rules, report.rules.size() + report.more_rules, "rule",
               [](const GuardReport::Flow& flow) {
                 return (flow.rule.empty() ? "no rule" : "rule " + flow.rule) + ": gains " +
                        std::to_string(flow.gained) + ", loses " + std::to_string(flow.lost);
               });
}

std::string devices_in_lines(const GuardReport& report) {
  return lines(report.devices, report.moved(), "device", [](const GuardReport::Device& device) {
    return in_backticks(device.registration_id) + ": " + device.from.in_words() + " → " +
           device.to.in_words();
  });
}

}  // namespace

std::string_view verdict_name(GuardVerdict verdict) {
  switch (verdict) {
    case GuardVerdict::Passed: return "passed";
    case GuardVerdict::Refused: return "refused";
    case GuardVerdict::TooFew: return "tooFew";
    case GuardVerdict::Off: return "off";
  }
  return "";
}

Json guard_json(const GuardReport& report) {
  Json out = {{"verdict", verdict_name(report.verdict)},
              {"compared", report.compared},
              {"unchanged", report.count(Change::None)},
              {"moved", report.moved()},
              {"share", part(report.moved(), report.compared)},
              {"maxMoved", part(report.settings.max_moved.millionths, Share::kWhole)},
              {"minSample", report.settings.min_sample},
              {"tooLarge", report.too_large},
              {"outOfTime", report.out_of_time}};
  for (const Change change : kChanges) out[std::string(change_name(change))] = report.count(change);
  out["moves"] = Json::array();
  for (const GuardReport::Move& move : report.moves)
    out["moves"].push_back({{"from", name_or_null(move.from)},
                            {"to", name_or_null(move.to)},
                            {"devices", move.devices}});
  out["moreMoves"] = report.more_moves;
  out["rules"] = Json::array();
  for (const GuardReport::Flow& flow : report.rules)
    out["rules"].push_back(
        {{"rule", name_or_null(flow.rule)}, {"gained", flow.gained}, {"lost", flow.lost}});
  out["moreRules"] = report.more_rules;
  out["devices"] = Json::array();
  for (const GuardReport::Device& device : report.devices)
    out["devices"].push_back({{"registrationId", device.registration_id},
                              {"kind", change_name(device.change)},
                              {"from", device.from.json()},
                              {"to", device.to.json()}});
  return out;
}

std::string guard_text(const GuardReport& report) {
  std::string out = verdict_in_words(report);
  if (report.too_large > 0)
    out += "\n  " + counted(report.too_large, "device") +
           " not compared: too large a request to be kept";
  if (report.out_of_time > 0)
    out += "\n  " + counted(report.out_of_time, "device") +
           " not compared: it would have taken too long";
  if (const std::string changes = changes_in_words(report); !changes.empty())
    out += "\n  " + changes;
  out += moves_in_lines(report) + rules_in_lines(report) + devices_in_lines(report);
  if (report.verdict == GuardVerdict::Refused)
    out +=
        "\n  the rules in force stay; if this is what you want, `allocd reload --force` takes the "
        "new ones";
  return out;
}

}  // namespace allocd
