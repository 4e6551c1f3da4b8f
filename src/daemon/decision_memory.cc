#include "daemon/decision_memory.h"

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/decision_record.h"
#include "daemon/tried_rules.h"
#include "policy/letter_case.h"

namespace allocd {

namespace {

std::size_t bytes_of(const std::optional<RenderedJson>& json) {
  return json ? json->text().size() : 0;
}

std::size_t bytes_of(const DecisionEvent& event) {
  const Decision& decision = event.answer.decision;
  return event.id.size() + event.body.size() + decision.hub.size() + decision.reason.size() +
         bytes_of(decision.initial_twin) + bytes_of(decision.payload);
}

}  // namespace

std::size_t DecisionMemory::Entry::bytes() const {
  return sizeof(Entry) + record.capacity() + body.capacity() + (event ? bytes_of(*event) : 0) +
         (registration_id ? registration_id->capacity() : 0);
}

void DecisionMemory::remember(DecisionEvent event) {
  auto entry = std::make_shared<Entry>();
  if (event.answer.registration_id) entry->registration_id = lower(*event.answer.registration_id);
  entry->outcome = event.answer.decision.outcome;
  entry->at = event.at;
  entry->event = std::move(event);

  Freed freed;
  const std::lock_guard lock(mutex_);
  KeptRules& of_it = kept(entry->event->in_force);
  of_it.entries.push_back(first_place_ + entries_.size());
  entry->rules = of_it.number;
  bytes_ += entry->bytes();
  entries_.push_back(std::move(entry));
  while (!entries_.empty() && (entries_.size() > limits_.decisions || bytes_ > limits_.bytes))
    forget_oldest(freed);
  do_without_old_rules(freed);
}

DecisionMemory::KeptRules& DecisionMemory::kept(const std::shared_ptr<const RulesInForce>& rules) {
  const auto known = std::find_if(rule_sets_.begin(), rule_sets_.end(),
                                  [&](const auto& kept) { return kept.rules == rules; });
  if (known != rule_sets_.end()) return *known;
  return rule_sets_.emplace_back(KeptRules{++last_number_, rules, {}});
}

void DecisionMemory::forget_oldest(Freed& freed) {
  const Entry& oldest = *entries_.front();
  bytes_ -= oldest.bytes();
  const auto of_it = std::find_if(rule_sets_.begin(), rule_sets_.end(),
                                  [&](const auto& kept) { return kept.number == oldest.rules; });
  if (of_it != rule_sets_.end()) {
    of_it->entries.pop_front();
    if (of_it->entries.empty()) {
      freed.rule_sets.push_back(std::move(*of_it));
      rule_sets_.erase(of_it);
    }
  }
  freed.entries.push_back(std::move(entries_.front()));
  entries_.pop_front();
  ++first_place_;
}

// A few entries of a set that is one too many at a time, as a decision waits for this; all at once
// only where sets come faster than that.
void DecisionMemory::do_without_old_rules(Freed& freed) {
  constexpr std::size_t kAtOnce = 2;
  std::size_t written = 0;
  while (rule_sets_.size() > limits_.rule_sets) {
    KeptRules& oldest = rule_sets_.front();
    const bool is_urgent = rule_sets_.size() > limits_.rule_sets + 1;
    for (; !oldest.entries.empty() && (is_urgent || written < kAtOnce); ++written) {
      write_down(entries_[oldest.entries.front() - first_place_], freed);
      oldest.entries.pop_front();
    }
    if (!oldest.entries.empty()) return;
    freed.rule_sets.push_back(std::move(oldest));
    rule_sets_.erase(rule_sets_.begin());
  }
}

// The entry does without its rules from now on.
void DecisionMemory::write_down(std::shared_ptr<const Entry>& entry, Freed& freed) {
  auto written = std::make_shared<Entry>();
  written->registration_id = entry->registration_id;
  written->outcome = entry->outcome;
  written->at = entry->at;
  written->record = record_line(decision_record(*entry->event, redaction_, {}));
  written->body = entry->event->body;
  bytes_ += written->bytes() - entry->bytes();
  freed.entries.push_back(std::move(entry));
  entry = std::move(written);
}

std::vector<DecisionMemory::Found> DecisionMemory::find(const DecisionQuery& query) const {
  const auto wanted =
      query.registration_id ? std::optional(lower(*query.registration_id)) : std::nullopt;
  std::vector<Found> out;
  const std::lock_guard lock(mutex_);
  for (auto at = entries_.rbegin(); at != entries_.rend() && out.size() < query.limit; ++at) {
    const Entry& entry = **at;
    if (wanted && entry.registration_id != wanted) continue;
    if (query.outcome && entry.outcome != *query.outcome) continue;
    const auto kept = std::find_if(rule_sets_.begin(), rule_sets_.end(),
                                   [&](const auto& set) { return set.number == entry.rules; });
    out.push_back({*at, kept != rule_sets_.end() ? kept->rules : nullptr});
  }
  return out;
}

Json DecisionMemory::told(const Found& found, const DecisionQuery& query,
                          std::size_t& rules_tried) const {
  const Entry& entry = *found.entry;
  const std::string& body = entry.event ? entry.event->body : entry.body;
  Json out =
      entry.event ? decision_record(*entry.event, redaction_, {}) : Json::parse(entry.record);
  if (query.request) out["request"] = redaction_.request(body);
  if (entry.outcome == Outcome::Allocate && !query.registration_id) return out;
  if (found.rules == nullptr) {
    out["note"] = "the rules that decided are not kept any more, so what they tried is not known";
    return out;
  }
  if (rules_tried >= limits_.rules_tried) {
    out["note"] =
        "what was tried is told of the newer ones only; ask for this device by "
        "`registrationId`, or with a lower `limit`";
    return out;
  }
  TriedRules tried = tried_rules(found.rules->rules(), body, entry.at, redaction_);
  // Reading the body again is some work too.
  rules_tried += tried.count + 10;
  out["rulesTried"] = tried.count;
  out["nearest"] = std::move(tried.nearest);
  out["tried"] = std::move(tried.lines);
  return out;
}

Json DecisionMemory::query(const DecisionQuery& query) const {
  std::size_t rules_tried = 0;
  Json out = Json::array();
  for (const Found& found : find(query)) out.push_back(told(found, query, rules_tried));
  return out;
}

std::size_t DecisionMemory::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t DecisionMemory::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t DecisionMemory::rule_sets() const {
  const std::lock_guard lock(mutex_);
  return rule_sets_.size();
}

}  // namespace allocd
