// Runs the stories in tests/cases: rule files in, answers or mistakes out.
//
// Sections of a story, in any number:
//   NAME.yaml     a rule file; all of them make up the set
//   tables/NAME   a table that lookups may name
//   ask NAME      a request in few words (the form of `examples`)
//   request NAME  a request as DPS sends it
//   answer NAME   what came of the ask or request before it: status, content type and body
//   explain NAME  why, as `dry-run --explain` prints it
//   diagnostics   everything that loading the rules reports
//   NAME.test.yaml  a test file, whose requests are in it
//   report          what `allocd test` prints about all of them
//   report mutants  the same with `--mutate`
//
// Or a story of commands. Then every other section is a file below a folder of its own, and
//   $ COMMAND     is what a shell in that folder prints on both outputs, and `exit N` where that is
//                 not 0; `allocd` is the program under test
//
// With ALLOCD_UPDATE_CASES=1 in the environment what comes out is rewritten instead of
// checked: read the difference before you commit it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "cli/explain.h"
#include "cli/output.h"
#include "cli/test_report.h"
#include "policy/sample_request.h"
#include "rulefile/load_rules.h"
#include "rulefile/sample_reader.h"
#include "rulefile/test_file.h"
#include "rulefile/yaml_tree.h"
#include "support/process.h"
#include "support/txtar.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

namespace fs = std::filesystem;

// 2026-11-23T03:00:00Z
const Moment kNow = Moment(std::chrono::seconds(1795402800));

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string ask_body(const test::Section& section) {
  const SourceFile file(section.name, section.name, section.text);
  Diagnostics diagnostics;
  const auto tree = parse_yaml(file, diagnostics);
  const auto sample = tree ? read_sample(*tree, diagnostics) : std::nullopt;
  for (const Diagnostic& d : diagnostics.all()) FAIL(render(d));
  REQUIRE(sample);
  return request_body(*sample).dump();
}

std::string answer_text(const Answer& answer) {
  std::string out =
      std::to_string(answer.reply.status) + ' ' + std::string(answer.reply.content_type);
  if (answer.reply.retry_after_seconds > 0)
    out += ", Retry-After: " + std::to_string(answer.reply.retry_after_seconds);
  return out + '\n' + answer.reply.body + '\n';
}

bool is_test(const test::Section& section) { return section.name.ends_with(".test.yaml"); }

// What `allocd test` prints about the story.
std::string report_text(const test::Archive& story, const LoadedRules& loaded, bool mutate) {
  std::vector<TestCase> tests;
  for (const test::Section& s : story.sections) {
    if (!is_test(s)) continue;
    const SourceFile file(s.name, s.name, s.text);
    Diagnostics diagnostics;
    for (TestSpec& each : parse_test_file(file, diagnostics))
      tests.push_back({each.name.value, s.name, file.position(each.name.range.begin).line,
                       request_body(std::get<SampleRequest>(each.request)).dump(),
                       std::move(each.expect)});
    for (const Diagnostic& d : diagnostics.all()) FAIL(render(d));
  }
  TestReport report{run_tests(*loaded.rules, *loaded.spec, tests, kNow), 0, std::nullopt};
  if (mutate) report.mutants = run_mutants(*loaded.spec, tests, kNow);
  std::ostringstream out;
  print_report(report, *loaded.spec, false, out);
  return out.str();
}

bool is_table(const test::Section& section) { return section.name.starts_with("tables/"); }

// The story as it should be: everything that is checked is filled in anew.
test::Archive play(test::Archive story) {
  std::vector<std::unique_ptr<SourceFile>> files;
  std::vector<std::unique_ptr<SourceFile>> tables;
  for (const test::Section& s : story.sections)
    if (is_table(s) || (s.name.ends_with(".yaml") && !is_test(s)))
      (is_table(s) ? tables : files)
          .push_back(std::make_unique<SourceFile>(s.name, s.name, s.text));
  const LoadedRules loaded = load_rules_from(files, {}, tables, Spec::Keep);
  std::ostringstream diagnostics;
  print_diagnostics(loaded.diagnostics, false, diagnostics);

  std::string body;
  Trace trace;
  std::optional<Answer> last;
  const auto decide_body = [&] {
    REQUIRE_MESSAGE(loaded.rules, diagnostics.str());
    trace.clear();
    last = answer(*loaded.rules, body, kNow, &trace);
    // Whether somebody watches makes no difference.
    CHECK(answer(*loaded.rules, body, kNow).reply.body == last->reply.body);
  };
  bool expects_diagnostics = false;
  for (test::Section& s : story.sections) {
    if (s.name.starts_with("ask")) {
      body = ask_body(s);
      decide_body();
    } else if (s.name.starts_with("request")) {
      body = s.text;
      decide_body();
    } else if (s.name.starts_with("answer")) {
      REQUIRE(last);
      s.text = answer_text(*last);
    } else if (s.name.starts_with("explain")) {
      std::ostringstream text;
      print_trace(trace, false, text);
      s.text = text.str();
    } else if (s.name.starts_with("report")) {
      REQUIRE_MESSAGE(loaded.rules, diagnostics.str());
      s.text = report_text(story, loaded, s.name == "report mutants");
    } else if (s.name == "diagnostics") {
      expects_diagnostics = true;
      s.text = diagnostics.str();
    } else {
      REQUIRE_MESSAGE((is_table(s) || s.name.ends_with(".yaml")), "unknown section " << s.name);
    }
  }
  if (!expects_diagnostics) CHECK(diagnostics.str() == "");
  return story;
}

bool is_command(const test::Section& section) { return section.name.starts_with("$ "); }

test::Archive play_commands(test::Archive story) {
  const test::TemporaryFolder folder;
  for (const test::Section& s : story.sections) {
    if (is_command(s)) continue;
    fs::create_directories((fs::path(folder.path()) / s.name).parent_path());
    folder.write(s.name, s.text);
  }
  const std::string program = ALLOCD_BINARY;
  const std::string there = "cd '" + folder.path() + "' && PATH='" +
                            fs::path(program).parent_path().string() + "':$PATH && ";
  for (test::Section& s : story.sections) {
    if (!is_command(s)) continue;
    test::Process process({"/bin/sh", "-c", there + s.name.substr(2)});
    process.output_with("\x01 never printed");  // until it ends
    const auto exit_code = process.exit_code();
    s.text = process.output();
    if (exit_code != 0) s.text += "exit " + std::to_string(exit_code.value_or(-1)) + '\n';
  }
  return story;
}

}  // namespace

TEST_CASE("cases: every story comes out as it is written") {
  std::vector<fs::path> paths;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(ALLOCD_SOURCE_DIR) / "tests/cases"))
    if (entry.path().extension() == ".txtar") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  CHECK(paths.size() > 10);
  for (const fs::path& path : paths) {
    const std::string name = path.filename().string();
    CAPTURE(name);
    const test::Archive written = test::parse_txtar(read_all(path));
    CHECK_MESSAGE(written.comment.size() > 1, "a story begins with a sentence");
    const bool has_commands =
        std::any_of(written.sections.begin(), written.sections.end(), is_command);
    const test::Archive played = has_commands ? play_commands(written) : play(written);
    if (std::getenv("ALLOCD_UPDATE_CASES") != nullptr) {
      std::ofstream(path, std::ios::binary) << test::format_txtar(played);
      continue;
    }
    for (std::size_t i = 0; i < written.sections.size(); ++i) {
      CAPTURE(written.sections[i].name);
      CHECK(played.sections[i].text == written.sections[i].text);
    }
  }
}

}  // namespace allocd
