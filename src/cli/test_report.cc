#include "cli/test_report.h"

#include <iomanip>
#include <ostream>
#include <string>

#include "diagnostics/diagnostic.h"

namespace allocd {
namespace {

std::string in_brackets(const SourceRange& range) { return " (" + printable(place(range)) + ")"; }

void add_place(const SourceRange& range, Json& out) {
  out["file"] = range.file != nullptr ? range.file->path() : "";
  out["line"] = range.file != nullptr ? range.file->position(range.begin).line : 0;
}

Json coverage_json(const Coverage& coverage, const RuleSetSpec& spec) {
  Json out = {{"rules", coverage.rules},
              {"reached", coverage.reached},
              {"percent", coverage.percent()},
              {"unreached", Json::array()}};
  for (const auto& name : coverage.unreached) out["unreached"].push_back(name.value);
  Json& branches = out["branches"];
  branches = {{"total", coverage.branches.size()},
              {"reached", coverage.branches_reached()},
              {"unreached", Json::array()}};
  for (const Branch& branch : coverage.branches) {
    if (branch.reached) continue;
    Json each = {{"rule", spec.rules[branch.rule].name.value}};
    add_place(branch.range, each);
    each["kind"] = kind_name(branch.kind);
    each["text"] = branch.text;
    branches["unreached"].push_back(std::move(each));
  }
  return out;
}

Json mutants_json(const MutantRun& run, const RuleSetSpec& spec) {
  Json out = {{"tried", run.tried},
              {"noticed", run.noticed},
              {"equivalent", run.equivalent},
              {"unnoticed", Json::array()}};
  for (const Mutant& mutant : run.unnoticed) {
    Json each = {{"rule", spec.rules[mutant.rule].name.value}};
    add_place(mutant.range, each);
    each["change"] = change_name(mutant.change);
    each["text"] = "no test fails " + mutant.text;
    out["unnoticed"].push_back(std::move(each));
  }
  return out;
}

void print_coverage(const Coverage& coverage, const RuleSetSpec& spec, std::ostream& out) {
  out << coverage.reached << " of " << coverage.rules << (coverage.rules == 1 ? " rule" : " rules")
      << " reached (" << std::fixed << std::setprecision(1) << coverage.percent() << " %)";
  if (const std::size_t all = coverage.branches.size(); all > 0)
    out << ", " << coverage.branches_reached() << " of " << all
        << (all == 1 ? " branch" : " branches");
  out << '\n';
  for (const auto& name : coverage.unreached)
    out << "no test reaches " << in_backticks(name.value) << in_brackets(name.range) << '\n';
  for (const Branch& branch : coverage.branches)
    if (!branch.reached)
      out << "no test reaches " << branch.text << " in "
          << in_backticks(spec.rules[branch.rule].name.value) << in_brackets(branch.range) << '\n';
}

void print_mutants(const MutantRun& run, std::ostream& out) {
  out << run.tried << (run.tried == 1 ? " mutant: " : " mutants: ") << run.noticed << " noticed";
  if (run.equivalent > 0) out << ", " << run.equivalent << " left out that decide as before";
  out << ", " << run.unnoticed.size() << " not noticed\n";
  for (const Mutant& mutant : run.unnoticed)
    out << "no test fails " << mutant.text << in_brackets(mutant.range) << '\n';
}

}  // namespace

Json report_json(const TestReport& report, const RuleSetSpec& spec) {
  const TestRun& run = report.run;
  Json out = {{"passed", run.results.size() - run.failed}, {"failed", run.failed}};
  out["leftOut"] = report.left_out;
  out["cases"] = Json::array();
  for (const TestResult& result : run.results)
    out["cases"].push_back({{"name", result.test->name},
                            {"file", result.test->file},
                            {"line", result.test->line},
                            {"passed", result.passed()},
                            {"failures", result.failures}});
  out["coverage"] = coverage_json(run.coverage, spec);
  if (report.mutants) out["mutants"] = mutants_json(*report.mutants, spec);
  return out;
}

void print_report(const TestReport& report, const RuleSetSpec& spec, bool colour,
                  std::ostream& out) {
  for (const TestResult& result : report.run.results) {
    const TestCase& test = *result.test;
    if (result.passed()) {
      out << (colour ? "\x1b[32mok\x1b[0m    " : "ok    ") << printable(test.name) << '\n';
      continue;
    }
    out << (colour ? "\x1b[31mFAIL\x1b[0m  " : "FAIL  ") << printable(test.name) << " ("
        << printable(test.file) << ":" << test.line << ")\n";
    for (const std::string& failure : result.failures) out << "        " << failure << '\n';
  }
  const std::size_t count = report.run.results.size();
  out << count << (count == 1 ? " test" : " tests");
  if (report.left_out > 0) out << " (" << report.left_out << " left out)";
  out << ", " << report.run.failed << " failed; ";
  print_coverage(report.run.coverage, spec, out);
  if (report.mutants) print_mutants(*report.mutants, out);
}

}  // namespace allocd
