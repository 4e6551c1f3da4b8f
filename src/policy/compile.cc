#include "policy/compile.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "diagnostics/closest_match.h"
#include "policy/lookup_compiler.h"
#include "policy/matcher.h"
#include "policy/twin_compiler.h"

namespace allocd {
namespace {

// [A-Za-z0-9][A-Za-z0-9._-]*
bool is_rule_name(std::string_view name) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || !letter_or_digit(name.front())) return false;
  for (const char c : name)
    if (!letter_or_digit(c) && c != '.' && c != '_' && c != '-') return false;
  return true;
}

std::string source_of(const SourceRange& range) {
  if (range.file == nullptr) return {};
  return range.file->name() + ":" + std::to_string(range.file->position(range.begin).line);
}

class RuleSetCompiler {
 public:
  RuleSetCompiler(const RuleSetSpec& spec, Diagnostics& diagnostics)
      : spec_(spec), diagnostics_(diagnostics), twins_(spec, diagnostics) {}

  // `done` hears of every rule once nothing of it is needed any more but its examples.
  RuleSet compile(const std::function<void(std::size_t)>& done) {
    compile_lookups(spec_, fields_, diagnostics_);
    std::vector<Rule> rules;
    rules.reserve(spec_.rules.size());
    for (std::size_t i = 0; i < spec_.rules.size(); ++i) {
      check_name(spec_.rules[i]);
      rules.push_back(compile_rule(spec_.rules[i]));
      done(i);
    }
    twins_.finish();
    check_unused_lookups(spec_, fields_, diagnostics_);
    return {std::move(rules), std::move(fields_)};
  }

 private:
  void check_name(const RuleSpec& rule) {
    const std::string& name = rule.name.value;
    if (!is_rule_name(name))
      diagnostics_.error(
          rule.name.range, "bad-name",
          name.empty() ? "the rule's name is empty" : "bad rule name " + in_backticks(name),
          "a name is letters, digits, `.`, `_` and `-`, and begins with a letter or digit");
    const auto [first, added] = names_.emplace(rule.name.value, rule.name.range);
    if (!added)
      diagnostics_.error(rule.name.range, "duplicate-rule",
                         "rule " + in_backticks(rule.name.value) + " stands twice",
                         "the first one is at " + place(first->second));
  }

  Rule compile_rule(const RuleSpec& spec) {
    Rule rule;
    rule.name = spec.name.value;
    rule.product_line = spec.product_line;
    rule.description = spec.description;
    rule.source = source_of(spec.name.range);

    MatcherCompiler matchers(fields_, diagnostics_);
    rule.match = matchers.compile(spec.match);
    rule.rollout = spec.rollout;
    rule.variables.resize(matchers.variables().size());
    for (const auto& [name, variable] : matchers.variables())
      rule.variables[variable.number] = name;

    const std::vector<std::string> ensured = ensured_fields(spec.match);
    ReferenceScope scope{&fields_, &matchers.variables(), false, &ensured, rule.name};
    if (const auto* refusal = std::get_if<RefusalSpec>(&spec.outcome)) {
      rule.outcome = compile_refusal(*refusal, scope);
    } else {
      rule.outcome = compile_allocation(std::get<AllocateSpec>(spec.outcome), scope, matchers);
    }
    return rule;
  }

  Refusal compile_refusal(const RefusalSpec& spec, const ReferenceScope& scope) {
    return {spec.outcome, TextTemplate::parse(spec.text, scope, diagnostics_)};
  }

  Allocation compile_allocation(const AllocateSpec& spec, ReferenceScope scope,
                                MatcherCompiler& matchers) {
    Allocation out;
    TextTemplate no_hub;
    no_hub.append("No linked hub fits ");
    out.hub.pick = spec.pick;
    if (spec.pick.kind == PickSpec::Kind::Spread)
      out.hub.spread = Spread::compile(spec.spread, scope, diagnostics_);
    out.hub.keep_current = spec.keep_current;
    if (const auto* operators = std::get_if<OperatorsSpec>(&spec.hub)) {
      out.hub.hub = matchers.compile_hub(*operators);
      out.hub.text = "the matcher under `hub`";
      no_hub.append(out.hub.text);
    } else {
      std::vector<HubPattern> patterns;
      for (const auto& text : std::get<std::vector<Located<std::string>>>(spec.hub)) {
        const std::string_view separator = patterns.empty() ? "" : ", ";
        patterns.push_back(HubPattern::parse(text, scope, diagnostics_));
        out.hub.text += std::string(separator) + in_backticks(text.value);
        no_hub.append(std::string(separator) + '`');
        no_hub.append(patterns.back().as_template());
        no_hub.append("`");
      }
      out.hub.hub = std::move(patterns);
    }

    if (const auto* refusal = std::get_if<RefusalSpec>(&spec.on_no_hub)) {
      out.on_no_hub = compile_refusal(*refusal, scope);
    } else if (std::holds_alternative<ContinueSpec>(spec.on_no_hub)) {
      out.on_no_hub = ContinueWithNextRule{};
    } else {
      if (out.hub.spread && out.hub.spread->may_weigh_nothing())
        no_hub.append(" and weighs more than 0");
      no_hub.append(" (rule `" + std::string(scope.rule) + "`).");
      out.on_no_hub = Refusal{Outcome::Reject, std::move(no_hub)};
    }

    scope.hub_chosen = true;
    if (spec.initial_twin) out.initial_twin = twins_.compile(*spec.initial_twin, scope);
    if (spec.payload) out.payload = twins_.compile_payload(*spec.payload, scope);
    return out;
  }

  const RuleSetSpec& spec_;
  Diagnostics& diagnostics_;
  FieldTable fields_;
  TwinCompiler twins_;
  std::map<std::string, SourceRange, std::less<>> names_;
};

// As if the device were in the rollout of `own`, and in no other that does not take everybody.
const Rule* first_match(const RuleSet& rules, const AllocationRequest& request,
                        std::string_view own) {
  const FieldValues fields = rules.fields().read(request);
  Captures captures;
  auto to_try = rules.index().candidates(fields);
  while (const auto number = to_try.next()) {
    const Rule& rule = rules.rules()[*number];
    if (rule.rollout && !rule.rollout->is_everybody() && rule.name != own) continue;
    captures.assign(rule.variables.size(), std::nullopt);
    if (rule.match.holds(fields, captures)) return &rule;
  }
  return nullptr;
}

std::optional<RuleSet> compile(const RuleSetSpec& spec, Diagnostics& diagnostics,
                               const std::function<void(std::size_t)>& done) {
  const std::size_t errors_before = diagnostics.errors();
  RuleSet rules = RuleSetCompiler(spec, diagnostics).compile(done);
  if (diagnostics.errors() > errors_before) return std::nullopt;
  return rules;
}

}  // namespace

std::optional<RuleSet> compile(const RuleSetSpec& spec, Diagnostics& diagnostics) {
  return compile(spec, diagnostics, [](std::size_t) {});
}

std::optional<RuleSet> compile_and_empty(RuleSetSpec& spec, Diagnostics& diagnostics) {
  return compile(spec, diagnostics, [&](std::size_t rule) {
    spec.rules[rule].match = {};
    spec.rules[rule].outcome = {};
  });
}

void check_examples(const RuleSetSpec& spec, const RuleSet& rules, Diagnostics& diagnostics) {
  for (const RuleSpec& rule : spec.rules) {
    for (const auto& example : rule.examples) {
      const Rule* matched =
          first_match(rules, sample_allocation_request(example.value), rule.name.value);
      if (matched != nullptr && matched->name == rule.name.value) continue;
      const std::string what = "example " + in_backticks(example.value.registration_id) +
                               " of rule " + in_backticks(rule.name.value);
      diagnostics.error(example.range, "example-not-matched",
                        matched == nullptr ? what + " is matched by no rule"
                                           : what + " is matched by rule " +
                                                 in_backticks(matched->name) + " first",
                        matched == nullptr ? "" : "that rule is at " + matched->source);
    }
  }
}

}  // namespace allocd
