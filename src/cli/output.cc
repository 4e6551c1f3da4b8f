#include "cli/output.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include "cli/commands.h"
#include "diagnostics/diagnostic_json.h"

namespace allocd {
namespace {

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

bool wants_colour(int file_descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(file_descriptor) != 0 && (no_colour == nullptr || *no_colour == '\0');
}

int wrong_usage(std::string_view command, const std::string& message) {
  std::cerr << "allocd " << command << ": " << message
            << "\nRun with --help for more information.\n";
  return kWrongUsage;
}

void print_diagnostics(const Diagnostics& diagnostics, bool colour, std::ostream& out) {
  for (const Diagnostic& d : diagnostics.sorted()) out << render(d, colour);
  if (diagnostics.dropped() > 0) out << "and " << diagnostics.dropped() << " more\n";
}

Json diagnostics_json(const LoadedRules& loaded) {
  Json out = {{"ok", !loaded.diagnostics.has_errors()},
              {"files", loaded.files},
              {"rules", loaded.rule_count},
              {"revision", loaded.revision}};
  out["diagnostics"] = diagnostics_list(loaded.diagnostics);
  return out;
}

void add_witnesses(const RuleSet& rules, const Reachability& reachability, Json& out) {
  const auto name = [&](std::size_t rule) { return rules.rules()[rule].name; };
  out["witnesses"] = Json::array();
  for (std::size_t i = 0; i < reachability.rules.size(); ++i) {
    const RuleReach& reach = reachability.rules[i];
    Json entry = {{"rule", name(i)}, {"status", status_name(reach.status)}};
    entry["registrationId"] = or_null(reach.registration_id);
    entry["coveredBy"] = Json::array();
    for (const std::size_t other : reach.covered_by) entry["coveredBy"].push_back(name(other));
    if (!reach.why.empty()) entry["reason"] = reach.why;
    out["witnesses"].push_back(std::move(entry));
  }
  out["overlaps"] = Json::array();
  for (const Overlap& overlap : reachability.overlaps) {
    Json entry = Json::object();
    entry["rules"] = Json::array({name(overlap.first), name(overlap.second)});
    entry["registrationId"] = overlap.registration_id;
    out["overlaps"].push_back(std::move(entry));
  }
  out["overlapsLeftOut"] = reachability.overlaps_left_out;
}

void print_witnesses(const RuleSet& rules, const Reachability& reachability, std::ostream& out) {
  std::size_t width = 0;
  for (const Rule& rule : rules.rules()) width = std::max(width, rule.name.size());
  for (std::size_t i = 0; i < reachability.rules.size(); ++i) {
    const Rule& rule = rules.rules()[i];
    const RuleReach& reach = reachability.rules[i];
    out << rule.name << std::string(width + 2 - rule.name.size(), ' ') << status_name(reach.status);
    if (reach.status == RuleReach::Status::Reachable) {
      out << "     " << reach.registration_id;
    } else if (reach.status == RuleReach::Status::NotAnalysed) {
      out << "  " << printable(reach.why);
    } else {
      for (const std::size_t other : reach.covered_by)
        out << (other == reach.covered_by.front() ? "   by " : ", ") << rules.rules()[other].name;
    }
    out << '\n';
  }
  if (!reachability.overlaps.empty()) out << "\nthe order decides:\n";
  for (const Overlap& overlap : reachability.overlaps)
    out << "  " << overlap.registration_id << "  " << rules.rules()[overlap.first].name
        << " before " << rules.rules()[overlap.second].name << '\n';
  if (reachability.overlaps_left_out > 0)
    out << "  pairs of rules that may overlap and are not shown: " << reachability.overlaps_left_out
        << '\n';
}

}  // namespace allocd
