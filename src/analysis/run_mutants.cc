#include "analysis/run_mutants.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "analysis/check_expectation.h"
#include "analysis/equivalence.h"
#include "policy/compile.h"

namespace allocd {
namespace {

constexpr std::chrono::seconds kProofTime(5);

// Everything that mutants are made of, compiled once: the rules, and behind them those that ask for
// less, under names that nobody has.
class Parts {
 public:
  Parts(const RuleSetSpec& spec, const std::vector<Mutant>& mutants) : count_(spec.rules.size()) {
    RuleSetSpec all = spec;
    std::set<std::string> names;
    for (const RuleSpec& rule : spec.rules) names.insert(rule.name.value);
    for (const Mutant& mutant : mutants) {
      places_.push_back(all.rules.size());
      if (!mutant.instead) continue;
      originals_.push_back(mutant.rule);
      RuleSpec& rule = all.rules.emplace_back(*mutant.instead);
      while (!names.insert(rule.name.value).second) rule.name.value += "-";
      // What comes of it is that of the rule as it was. (It may use what is captured no more.)
      rule.outcome = RefusalSpec{};
    }
    Diagnostics ignored;
    compiled_ = compile(all, ignored);
  }

  // Whether there is anything. Rules that compile do so in any company.
  explicit operator bool() const { return compiled_.has_value(); }
  const RuleSet& all() const { return *compiled_; }
  // Where the changed rule of a mutant stands.
  std::size_t place_of(std::size_t mutant) const { return places_[mutant]; }

  // How many rules the set has.
  std::size_t count() const { return count_; }
  // Whether the mutant captures what its rule did; else only compiling tells what is left of it.
  bool keeps_variables(const Mutant& mutant, std::size_t number) const {
    return mutant.change != Mutant::Change::Broaden ||
           compiled_->rules()[places_[number]].variables ==
               compiled_->rules()[mutant.rule].variables;
  }
  // A set of one rule, of which the changed ones are known by the name of the rule as it was.
  RuleSet alone(std::size_t place) const {
    std::vector<Rule> rules{compiled_->rules()[place]};
    if (place >= count_) {
      rules[0] = compiled_->rules()[originals_[place - count_]];
      rules[0].match = compiled_->rules()[place].match;
      rules[0].rollout = compiled_->rules()[place].rollout;
    }
    return RuleSet(std::move(rules), compiled_->fields());
  }

  // The set with the change.
  RuleSet with(const Mutant& mutant, std::size_t number) const {
    const auto first = compiled_->rules().begin();
    std::vector<Rule> rules(first, first + static_cast<std::ptrdiff_t>(count_));
    const auto place = rules.begin() + static_cast<std::ptrdiff_t>(mutant.rule);
    switch (mutant.change) {
      case Mutant::Change::Drop: rules.erase(place); break;
      case Mutant::Change::Swap: std::iter_swap(place, place + 1); break;
      case Mutant::Change::Broaden:
        const Rule& changed = compiled_->rules()[places_[number]];
        place->match = changed.match;
        place->rollout = changed.rollout;
        break;
    }
    return RuleSet(std::move(rules), compiled_->fields());
  }

 private:
  std::size_t count_;
  std::vector<std::size_t> places_;     // by mutant
  std::vector<std::size_t> originals_;  // by changed rule
  std::optional<RuleSet> compiled_;
};

// What rules make of the tests, each rule alone.
// INVARIANT: rules are tried top-down and know nothing of each other, so that of a set the first
// one decides that decides alone.
class Tests {
 public:
  Tests(const std::vector<TestCase>& tests, const RuleSet& rules, const Parts& parts, Moment now)
      : tests_(tests), parts_(parts), now_(now) {
    for (const TestCase& test : tests) {
      const Rule* decider = answer(rules, test.body, now).decision.rule;
      deciders_.push_back(decider == nullptr
                              ? rules.rules().size()
                              : static_cast<std::size_t>(decider - rules.rules().data()));
    }
    alone_.resize(parts.all().rules().size());
    verdicts_.resize(alone_.size() * tests.size(), Verdict::Unknown);
  }

  // Whether one of them fails when the rule is changed. What a rule before it decides stays as it
  // is.
  bool notice(const Mutant& mutant, std::size_t place) {
    for (std::size_t i = 0; i < tests_.size(); ++i)
      if (deciders_[i] >= mutant.rule && fails(mutant, place, i)) return true;
    return false;
  }

  // The same for a set that is compiled.
  bool notice(const RuleSet& changed) const {
    return std::any_of(tests_.begin(), tests_.end(), [&](const TestCase& test) {
      return !differences(test.expect, answer(changed, test.body, now_)).empty();
    });
  }

 private:
  enum class Verdict : char { Unknown, GoesOn, Passes, Fails };

  bool fails(const Mutant& mutant, std::size_t place, std::size_t test) {
    std::size_t next = mutant.rule + 1;
    Verdict verdict = Verdict::GoesOn;
    if (mutant.change == Mutant::Change::Broaden) {
      verdict = judge(place, test);
    } else if (mutant.change == Mutant::Change::Swap) {
      verdict = judge(next++, test);
      if (verdict == Verdict::GoesOn) verdict = judge(mutant.rule, test);
    }
    if (verdict == Verdict::GoesOn && deciders_[test] >= next) return false;  // as it was
    while (verdict == Verdict::GoesOn && next < parts_.count()) verdict = judge(next++, test);
    if (verdict != Verdict::GoesOn) return verdict == Verdict::Fails;
    const RuleSet no_rules({}, parts_.all().fields());
    return !differences(tests_[test].expect, answer(no_rules, tests_[test].body, now_)).empty();
  }

  Verdict judge(std::size_t rule, std::size_t test) {
    Verdict& verdict = verdicts_[rule * tests_.size() + test];
    if (verdict != Verdict::Unknown) return verdict;
    if (!alone_[rule]) alone_[rule].emplace(parts_.alone(rule));
    const Answer given = answer(*alone_[rule], tests_[test].body, now_);
    verdict = given.decision.rule == nullptr                    ? Verdict::GoesOn
              : differences(tests_[test].expect, given).empty() ? Verdict::Passes
                                                                : Verdict::Fails;
    return verdict;
  }

  const std::vector<TestCase>& tests_;
  const Parts& parts_;
  Moment now_;
  std::vector<std::size_t> deciders_;  // number of the rule, by test
  std::vector<std::optional<RuleSet>> alone_;
  std::vector<Verdict> verdicts_;  // by rule and test
};

// Whether the mutant is proven to decide as before; `place` is that of its changed rule.
bool is_equivalent(const Mutant& mutant, std::size_t place, const RuleSet& all,
                   Equivalence& proofs) {
  switch (mutant.change) {
    case Mutant::Change::Drop: return proofs.never_decides(mutant.rule);
    case Mutant::Change::Swap: return proofs.share_nothing(mutant.rule, mutant.rule + 1);
    case Mutant::Change::Broaden: break;
  }
  // The same IDs may still be captured in another way, or be in no rollout any more.
  const Rule& before = all.rules()[mutant.rule];
  const Rule& after = all.rules()[place];
  const auto takes_everybody = [](const Rule& rule) {
    return !rule.rollout || rule.rollout->is_everybody();
  };
  return before.variables.empty() && takes_everybody(before) == takes_everybody(after) &&
         proofs.accepts_no_more(place, mutant.rule);
}

}  // namespace

MutantRun run_mutants(const RuleSetSpec& spec, const std::vector<TestCase>& tests, Moment now) {
  MutantRun out;
  Diagnostics diagnostics;
  const auto rules = compile(spec, diagnostics);
  std::vector<Mutant> mutants = mutants_of(spec);
  const Parts parts(spec, mutants);
  if (!rules || !parts) return out;
  out.tried = mutants.size();

  Tests all(tests, *rules, parts, now);
  using Clock = std::chrono::steady_clock;
  Clock::duration proving{};
  Clock::time_point began;
  Equivalence proofs(parts.all(), [&] { return proving + (Clock::now() - began) >= kProofTime; });
  RuleSetSpec changed = spec;
  for (std::size_t i = 0; i < mutants.size(); ++i) {
    Mutant& mutant = mutants[i];
    apply(mutant, changed);
    Diagnostics found;
    const bool kept = parts.keeps_variables(mutant, i);
    bool noticed = kept && all.notice(mutant, parts.place_of(i));
    if (!noticed) {
      const auto set = kept ? std::optional(parts.with(mutant, i)) : compile(changed, found);
      if (set) check_examples(changed, *set, found);
      noticed = found.has_errors() || (!kept && all.notice(*set));
    }
    undo(mutant, spec, changed);
    if (noticed) {
      ++out.noticed;
      continue;
    }
    began = Clock::now();
    if (is_equivalent(mutant, parts.place_of(i), parts.all(), proofs)) {
      ++out.equivalent;
    } else {
      out.unnoticed.push_back(std::move(mutant));
    }
    proving += Clock::now() - began;
  }
  return out;
}

}  // namespace allocd
