// The rules in force: compiled, immutable, in the order in which they are tried.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "policy/allocation.h"
#include "policy/field_table.h"
#include "policy/matcher.h"
#include "policy/rule_index.h"
#include "policy/share.h"

namespace allocd {

struct Rule {
  std::string name;
  std::string product_line;
  std::string description;
  std::string source;  // file:line of its name, the file relative to its rule set
  Matcher match;
  std::optional<Share> rollout;  // the share of the devices that it takes; nothing: all of them
  std::vector<std::string> variables;  // names of what `match` captures, by number
  std::variant<Refusal, Allocation> outcome;
};

// Safe to share between threads.
class RuleSet {
 public:
  RuleSet(std::vector<Rule> rules, FieldTable fields)
      : rules_(std::move(rules)), fields_(std::move(fields)), index_(rules_) {}

  const std::vector<Rule>& rules() const { return rules_; }
  // The fields that the rules read.
  const FieldTable& fields() const { return fields_; }
  // Which of the rules a request may match, by their places in rules().
  const RuleIndex& index() const { return index_; }

 private:
  std::vector<Rule> rules_;
  FieldTable fields_;
  RuleIndex index_;
};

}  // namespace allocd
