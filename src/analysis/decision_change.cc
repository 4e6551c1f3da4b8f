#include "analysis/decision_change.h"

#include <optional>

#include "policy/letter_case.h"
#include "policy/located_value.h"

namespace allocd {
namespace {

bool same(const std::optional<RenderedJson>& a, const std::optional<RenderedJson>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  if (a->text() == b->text()) return true;
  // nlohmann's ordered objects are equal only in the same order of members.
  return nlohmann::json::parse(a->text(), nullptr, false) ==
         nlohmann::json::parse(b->text(), nullptr, false);
}

}  // namespace

Change change_between(const Decision& from, const Decision& to) {
  const bool was_allocated = from.outcome == Outcome::Allocate;
  const bool is_allocated = to.outcome == Outcome::Allocate;
  if (was_allocated && !is_allocated) return Change::NewlyRefused;
  if (!was_allocated && is_allocated) return Change::NewlyAccepted;
  if (!is_allocated)
    return from.outcome == to.outcome && from.reason == to.reason ? Change::None : Change::Other;
  if (!equal_ignoring_case(from.hub, to.hub)) return Change::MovedHub;
  if (!same(from.initial_twin, to.initial_twin)) return Change::TwinChanged;
  if (!same(from.payload, to.payload)) return Change::PayloadChanged;
  return Change::None;
}

std::string_view change_name(Change change) {
  switch (change) {
    case Change::None: return "unchanged";
    case Change::NewlyRefused: return "newlyRefused";
    case Change::NewlyAccepted: return "newlyAccepted";
    case Change::MovedHub: return "movedHub";
    case Change::TwinChanged: return "twinChanged";
    case Change::PayloadChanged: return "payloadChanged";
    case Change::Other: return "otherChanged";
  }
  return "";
}

}  // namespace allocd
