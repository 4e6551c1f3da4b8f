#include "analysis/mutants.h"

#include <iterator>
#include <utility>
#include <variant>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

using Kind = MatcherGroupSpec::Kind;

std::string group_name(Kind kind) {
  switch (kind) {
    case Kind::All: return "all";
    case Kind::Any: return "any";
    case Kind::Not: return "not";
  }
  return "";
}

// What is less to ask: the same text, wherever it stands.
std::optional<Operator> unanchored(Operator op) {
  if (op == Operator::Matches) return Operator::Search;
  if (op == Operator::StartsWith || op == Operator::EndsWith) return Operator::Contains;
  return std::nullopt;
}

template <typename T>
std::vector<T> without(const std::vector<T>& list, std::size_t place) {
  std::vector<T> out = list;
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(place));
  return out;
}

// Makes the mutants of one rule that ask for less.
class Broadening {
 public:
  Broadening(const RuleSpec& rule, std::size_t number, std::vector<Mutant>& out)
      : rule_(rule), copy_(rule), number_(number), out_(out) {}

  void run() {
    of_group(copy_.match);
    if (rule_.match.parts.size() > 1) {
      copy_.match.parts.clear();
      add("if " + in_backticks(rule_.name.value) + " matches every device", rule_.name.range);
      copy_.match.parts = rule_.match.parts;
    }
    if (rule_.rollout) {
      copy_.rollout.reset();
      add("if " + in_backticks(rule_.name.value) + " has no `rollout`", rule_.name.range);
      copy_.rollout = rule_.rollout;
    }
  }

 private:
  // Changes what is in the group, each time for as long as it takes to add the mutant.
  void of_group(MatcherGroupSpec& group) {
    for (std::size_t i = 0; i < group.parts.size(); ++i) {
      if (group.kind == Kind::All) leave_out(group, i);
      of_part(group.parts[i], group.kind == Kind::Any);
    }
  }

  void leave_out(MatcherGroupSpec& group, std::size_t place) {
    const std::vector<MatcherSpec> before = group.parts;
    const auto* inner = std::get_if<MatcherGroupSpec>(&before[place]);
    // An `all` of one entry in an `all` is the entry, whose turn comes.
    if (inner != nullptr && inner->kind == Kind::All && inner->parts.size() == 1) return;
    const auto* field = std::get_if<FieldMatcherSpec>(&before[place]);
    const std::string what =
        in_backticks(field != nullptr ? field->field.value : group_name(inner->kind));
    group.parts = without(before, place);
    add("if " + what + " of " + in_backticks(rule_.name.value) + " is not asked for",
        field != nullptr ? field->field.range : inner->range);
    group.parts = before;
  }

  void of_part(MatcherSpec& part, bool is_branch) {
    if (auto* group = std::get_if<MatcherGroupSpec>(&part)) {
      if (group->kind == Kind::Not) return;
      // A branch that asks for nothing is as good as no `any`, which is tried.
      if (is_branch && group->parts.size() == 1) return of_part(group->parts.front(), false);
      return of_group(*group);
    }
    auto& field = std::get<FieldMatcherSpec>(part);
    const std::string of_field =
        in_backticks(field.field.value) + " of " + in_backticks(rule_.name.value);
    std::vector<OperatorSpec>& operators = field.operators.operators;
    for (std::size_t i = 0; i < operators.size(); ++i) {
      const Operator op = operators[i].op;
      const std::string name = in_backticks(operator_name(op));
      const SourceRange range = operators[i].name;
      if (operators.size() > 1) {
        const std::vector<OperatorSpec> before = operators;
        operators = without(before, i);
        add("if " + name + " of " + of_field + " is not asked for", range);
        operators = before;
      }
      if (const auto wider = unanchored(op)) {
        operators[i].op = *wider;
        add("if " + of_field + " has " + in_backticks(operator_name(*wider)) + " for " + name,
            range);
        operators[i].op = op;
      }
    }
  }

  void add(std::string text, const SourceRange& range) {
    out_.push_back({Mutant::Change::Broaden, number_, copy_, std::move(text), range});
  }

  const RuleSpec& rule_;
  RuleSpec copy_;
  std::size_t number_;
  std::vector<Mutant>& out_;
};

std::ptrdiff_t place_of(const Mutant& mutant) { return static_cast<std::ptrdiff_t>(mutant.rule); }

}  // namespace

std::string_view change_name(Mutant::Change change) {
  switch (change) {
    case Mutant::Change::Drop: return "drop";
    case Mutant::Change::Swap: return "swap";
    case Mutant::Change::Broaden: return "broaden";
  }
  return "";
}

std::vector<Mutant> mutants_of(const RuleSetSpec& spec) {
  std::vector<Mutant> out;
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    const Located<std::string>& name = spec.rules[i].name;
    const std::string rule = in_backticks(name.value);
    out.push_back({Mutant::Change::Drop, i, std::nullopt, "without rule " + rule, name.range});
    if (i + 1 < spec.rules.size())
      out.push_back({Mutant::Change::Swap, i, std::nullopt,
                     "if " + rule + " and " + in_backticks(spec.rules[i + 1].name.value) + " swap",
                     name.range});
    Broadening(spec.rules[i], i, out).run();
  }
  return out;
}

void apply(const Mutant& mutant, RuleSetSpec& spec) {
  switch (mutant.change) {
    case Mutant::Change::Drop: spec.rules.erase(spec.rules.begin() + place_of(mutant)); break;
    case Mutant::Change::Swap:
      std::swap(spec.rules[mutant.rule], spec.rules[mutant.rule + 1]);
      break;
    case Mutant::Change::Broaden: spec.rules[mutant.rule] = *mutant.instead; break;
  }
}

void undo(const Mutant& mutant, const RuleSetSpec& original, RuleSetSpec& spec) {
  switch (mutant.change) {
    case Mutant::Change::Drop:
      spec.rules.insert(spec.rules.begin() + place_of(mutant), original.rules[mutant.rule]);
      break;
    case Mutant::Change::Swap:
      std::swap(spec.rules[mutant.rule], spec.rules[mutant.rule + 1]);
      break;
    case Mutant::Change::Broaden: spec.rules[mutant.rule] = original.rules[mutant.rule]; break;
  }
}

}  // namespace allocd
