// Mutants of rule sets: which changes are made, and that they can be taken back.
#include "analysis/mutants.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analysis/run_mutants.h"
#include "rulefile/load_rules.h"

using namespace allocd;

namespace {

struct Loaded {
  std::vector<std::unique_ptr<SourceFile>> files;
  LoadedRules rules;
};

Loaded load(const std::string& text) {
  Loaded out;
  out.files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", text));
  out.rules = load_rules_from(out.files, {}, {}, Spec::Keep);
  for (const Diagnostic& d : out.rules.diagnostics.all())
    if (d.severity == Severity::Error) FAIL(render(d));
  return out;
}

std::string rule_with(const std::string& match) {
  return "rules:\n  - name: a\n    match: " + match + "\n    reject: no\n";
}

std::string names(const RuleSetSpec& spec) {
  std::string out;
  for (const RuleSpec& rule : spec.rules) out += rule.name.value + " ";
  return out;
}

}  // namespace

TEST_CASE("mutants: a rule less, two swapped, and what asks for less") {
  struct Case {
    std::string name;
    std::string match;
    std::vector<std::string> broadened;
  };
  const Case cases[] = {
      {"nothing is asked for", "{}", {}},
      {"one entry", "{registrationId: a}", {"if `registrationId` of `a` is not asked for"}},
      {"several entries",
       "{registrationId: a, payload.b: 1}",
       {"if `registrationId` of `a` is not asked for", "if `payload.b` of `a` is not asked for",
        "if `a` matches every device"}},
      {"operators",
       "{payload.b: {gt: 1, lt: 5}}",
       {"if `payload.b` of `a` is not asked for", "if `gt` of `payload.b` of `a` is not asked for",
        "if `lt` of `payload.b` of `a` is not asked for"}},
      {"where in the text",
       "{registrationId: {startsWith: a, endsWith: b}}",
       {"if `registrationId` of `a` is not asked for",
        "if `startsWith` of `registrationId` of `a` is not asked for",
        "if `registrationId` of `a` has `contains` for `startsWith`",
        "if `endsWith` of `registrationId` of `a` is not asked for",
        "if `registrationId` of `a` has `contains` for `endsWith`"}},
      {"the whole value",
       "{registrationId: {matches: a.c}}",
       {"if `registrationId` of `a` is not asked for",
        "if `registrationId` of `a` has `search` for `matches`"}},
      {"branches",
       "{any: [{payload.b: {startsWith: c}}, {payload.b: 1, payload.c: 2}]}",
       {"if `any` of `a` is not asked for", "if `payload.b` of `a` has `contains` for `startsWith`",
        "if `payload.b` of `a` is not asked for", "if `payload.c` of `a` is not asked for"}},
      {"all",
       "{all: [{payload.b: 1}, {payload.c: 2}]}",
       {"if `all` of `a` is not asked for", "if `payload.b` of `a` is not asked for",
        "if `payload.c` of `a` is not asked for"}},
      {"what stands under a not",
       "{not: {payload.b: {startsWith: c}, payload.c: 2}}",
       {"if `not` of `a` is not asked for"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Loaded loaded = load(rule_with(c.match));
    std::vector<std::string> texts;
    for (const Mutant& mutant : mutants_of(*loaded.rules.spec))
      if (mutant.change == Mutant::Change::Broaden) texts.push_back(mutant.text);
    CHECK(texts == c.broadened);
  }
}

TEST_CASE("mutants: each is one change, and can be taken back") {
  const Loaded loaded = load(
      "rules:\n"
      "  - {name: a, match: {registrationId: x}, reject: no}\n"
      "  - {name: b, rollout: 10%, reject: no}\n"
      "  - {name: c, reject: no}\n");
  const RuleSetSpec& spec = *loaded.rules.spec;
  std::string told;
  RuleSetSpec changed = spec;
  for (const Mutant& mutant : mutants_of(spec)) {
    apply(mutant, changed);
    told += std::to_string(mutant.range.file->position(mutant.range.begin).line) + " " +
            std::string(change_name(mutant.change)) + " " + mutant.text + ": " + names(changed) +
            "\n";
    undo(mutant, spec, changed);
    CHECK(names(changed) == "a b c ");
    CHECK(changed.rules[0].match.parts.size() == 1);
    CHECK(changed.rules[1].rollout.has_value());
  }
  CHECK(told ==
        "2 drop without rule `a`: b c \n"
        "2 swap if `a` and `b` swap: b a c \n"
        "2 broaden if `registrationId` of `a` is not asked for: a b c \n"
        "3 drop without rule `b`: a c \n"
        "3 swap if `b` and `c` swap: a c b \n"
        "3 broaden if `b` has no `rollout`: a b c \n"
        "4 drop without rule `c`: a b \n");
}

TEST_CASE("mutants: what a load would refuse is noticed") {
  const auto run = [](const std::string& rules) {
    const Loaded loaded = load(rules);
    return run_mutants(*loaded.rules.spec, {}, Moment());
  };
  // An example is then another rule's; a variable is missing.
  const MutantRun examples =
      run("rules:\n"
          "  - {name: a, match: {registrationId: ab}, reject: no, examples: [ab]}\n"
          "  - {name: b, match: {registrationId: {startsWith: a}}, reject: no, examples: [ac]}\n");
  std::string told;
  for (const Mutant& mutant : examples.unnoticed) told += mutant.text + "\n";
  CHECK(told ==
        "without rule `a`\n"
        "without rule `b`\n"
        "if `registrationId` of `b` is not asked for\n"
        "if `registrationId` of `b` has `contains` for `startsWith`\n");
  CHECK(examples.tried == 6);
  CHECK(examples.noticed == 2);
  const MutantRun variables =
      run("rules:\n"
          "  - {name: a, match: {registrationId: {matches: \"(?P<x>a)b\"}}, reject: \"${x}\"}\n");
  CHECK(variables.tried == 3);
  CHECK(variables.noticed == 1);
}
