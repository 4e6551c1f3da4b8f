// Which branches of rules are reached: those of `any`, `onNoHub`, and the patterns in a list of
// hubs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/rule_set.h"
#include "policy/rule_spec.h"
#include "policy/trace.h"

namespace allocd {

struct Branch {
  enum class Kind { Any, OnNoHub, Hub } kind = Kind::Any;
  std::size_t rule = 0;  // its number in the set
  std::string text;      // "branch 2 of `any`", "`onNoHub`", "hub pattern `b-*`"
  SourceRange range;
  bool reached = false;
};

// "any", "onNoHub", "hub": the words in rule files.
std::string_view kind_name(Branch::Kind kind);

// Reached is a branch of `any` that was the first to hold while its rule matched (under a `not`: to
// hold at all), an `onNoHub` that was what came of its rule, and a pattern that gave the
// candidates.
class BranchCoverage {
 public:
  // `spec` must outlive it. A default `onNoHub` and a single hub pattern are no branches.
  explicit BranchCoverage(const RuleSetSpec& spec);

  // What one request went through. `rules` were compiled from the spec.
  void add(const RuleSet& rules, const Trace& trace);

  // In the order of the rules.
  const std::vector<Branch>& branches() const { return branches_; }

 private:
  struct OfRule {
    std::size_t first_hub = 0;  // where the rule has a list of hubs
    std::size_t hubs = 0;
    std::size_t on_no_hub = 0;
    bool has_on_no_hub = false;
  };
  struct Entries;

  void collect(const MatcherGroupSpec& group, std::size_t rule);
  void collect(const AllocateSpec& allocate, std::size_t rule);
  void mark(const MatcherGroupSpec& group, Entries& entries, bool under_not, bool counts);

  const RuleSetSpec& spec_;
  std::vector<Branch> branches_;
  std::unordered_map<const MatcherSpec*, std::size_t> of_any_;
  std::vector<OfRule> of_rule_;
};

}  // namespace allocd
