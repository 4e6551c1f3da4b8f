// The last decisions, to be asked why a device was refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/decision_event.h"
#include "daemon/decision_query.h"
#include "daemon/redaction.h"
#include "policy/located_value.h"

namespace allocd {

class DecisionMemory {
 public:
  struct Limits {
    std::size_t decisions = 10'000;
    std::size_t bytes = std::size_t{32} << 20U;  // of requests and records
    // That are kept alive for their decisions; beside them one whose decisions are written down.
    std::size_t rule_sets = 4;
    // What one query may try again, so that it ends in about a second.
    std::size_t rules_tried = 500'000;
  };

  explicit DecisionMemory(Redaction redaction) : DecisionMemory(std::move(redaction), Limits()) {}
  DecisionMemory(Redaction redaction, Limits limits)
      : redaction_(std::move(redaction)), limits_(limits) {}

  // Remembers a decision, and forgets the oldest ones beyond the limits. For one thread.
  void remember(DecisionEvent event);

  // Those that fit, newest first: decision_record()s, redacted. Each that did not allocate, or each
  // where a registration ID was asked for, also has `rulesTried` (how many), `nearest` and `tried`
  // (see tried_rules.h), or, where its rules are not kept any more or the query would take too
  // long, a `note` that says so. Safe to call from any thread; what takes time in it keeps nobody
  // from remembering.
  Json query(const DecisionQuery& query) const;

  // Safe to call from any thread.
  std::size_t size() const;
  std::size_t bytes() const;
  std::size_t rule_sets() const;

 private:
  // Does not change. As long as the rules are kept it holds the event, of which nothing is written
  // before somebody asks; afterwards the record, without the request.
  struct Entry {
    std::optional<std::string> registration_id;  // lower case
    std::optional<DecisionEvent> event;
    Outcome outcome;
    Moment at;
    std::string record;
    std::string body;
    std::uint64_t rules = 0;  // which of `rule_sets_`, by number; 0: none any more
    std::size_t bytes() const;
  };
  struct KeptRules {
    std::uint64_t number = 0;
    std::shared_ptr<const RulesInForce> rules;
    // The places of its entries, the oldest first; once it is one too many, of those that still
    // need it.
    std::deque<std::uint64_t> entries;
  };
  struct Found {
    std::shared_ptr<const Entry> entry;
    std::shared_ptr<const RulesInForce> rules;  // null: not kept any more
  };

  // What a decision replaces and forgets. It is freed when others may be at the memory again: a
  // rule set can be large.
  struct Freed {
    std::vector<std::shared_ptr<const Entry>> entries;
    std::vector<KeptRules> rule_sets;
  };

  KeptRules& kept(const std::shared_ptr<const RulesInForce>& rules);
  void forget_oldest(Freed& freed);
  void do_without_old_rules(Freed& freed);
  void write_down(std::shared_ptr<const Entry>& entry, Freed& freed);
  std::vector<Found> find(const DecisionQuery& query) const;
  Json told(const Found& found, const DecisionQuery& query, std::size_t& rules_tried) const;

  const Redaction redaction_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const Entry>> entries_;  // the newest last
  std::uint64_t first_place_ = 0;                     // of the oldest in `entries_`
  std::vector<KeptRules> rule_sets_;                  // the newest last
  std::uint64_t last_number_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace allocd
