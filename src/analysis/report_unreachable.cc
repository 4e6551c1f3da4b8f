#include "analysis/report_unreachable.h"

#include <algorithm>
#include <string>
#include <utility>

namespace allocd {
namespace {

std::string place_of(const Rule& rule, const SourceRange* name) {
  if (name == nullptr || name->file == nullptr) return rule.source;
  return name->file->path() + ":" + std::to_string(name->file->position(name->begin).line);
}

}  // namespace

void report_unreachable(const RuleSet& rules, const Reachability& reachability,
                        const std::vector<SourceRange>& names, Diagnostics& diagnostics) {
  constexpr std::size_t kMaxNamed = 5;
  const auto name_of = [&](std::size_t rule) {
    return rule < names.size() ? &names[rule] : nullptr;
  };
  for (std::size_t i = 0; i < reachability.rules.size(); ++i) {
    const RuleReach& reach = reachability.rules[i];
    if (reach.status != RuleReach::Status::Unreachable) continue;
    const Rule& rule = rules.rules()[i];
    std::string message = "rule " + in_backticks(rule.name) + " can never decide: ";
    std::string help;
    if (reach.covered_by.empty()) {
      message += "it accepts no valid registration ID";
      help =
          "an ID is up to 128 letters, digits, `-`, `.`, `_` and `:`, and ends with a letter, "
          "a digit or `-`";
    } else {
      message += "every registration ID that it accepts is taken by ";
      for (std::size_t k = 0; k < std::min(reach.covered_by.size(), kMaxNamed); ++k) {
        const std::size_t other = reach.covered_by[k];
        message += (k == 0 ? "" : ", ") + in_backticks(rules.rules()[other].name) + " (" +
                   place_of(rules.rules()[other], name_of(other)) + ")";
      }
      if (reach.covered_by.size() > kMaxNamed)
        message += " and " + std::to_string(reach.covered_by.size() - kMaxNamed) + " more";
      help = "rules are tried top-down: move it before what takes its devices, or remove it";
    }
    if (name_of(i) != nullptr) {
      diagnostics.warning(*name_of(i), "unreachable-rule", std::move(message), std::move(help));
    } else {
      diagnostics.file_warning(rule.source, "unreachable-rule", std::move(message),
                               std::move(help));
    }
  }
}

}  // namespace allocd
