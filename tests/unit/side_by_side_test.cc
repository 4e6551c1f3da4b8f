// Work on several threads: each piece once, all of them done at the end, and no mistake lost.
#include "rulefile/side_by_side.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "rulefile/load_rules.h"
#include "rulefile/rule_file.h"

namespace allocd {
namespace {

// Files of which every third has a mistake; more than is read on one thread.
std::vector<std::unique_ptr<SourceFile>> many_files() {
  std::vector<std::unique_ptr<SourceFile>> out;
  for (int file = 0; file < 30; ++file) {
    std::string text = "templates: {t" + std::to_string(file) + ": {tags: {a: b}}}\nrules:\n";
    for (int rule = 0; rule < 40; ++rule) {
      const std::string name = std::to_string(file) + "-" + std::to_string(rule);
      text += "  - name: r" + name + "\n    match: {registrationId: {startsWith: \"" + name +
              "-\"}}\n    allocate: {hub: \"*\", initialTwin: {template: t" +
              std::to_string(29 - file) + "}}\n";
      if (file % 3 == 1 && rule % 7 == 3) text += "    alocate: {}\n";
    }
    if (file % 6 == 5) text += "  - name: [\n";
    const std::string name = "f" + std::to_string(file) + ".yaml";
    out.push_back(std::make_unique<SourceFile>(name, name, std::move(text)));
  }
  return out;
}

std::vector<std::string> messages(const Diagnostics& diagnostics) {
  std::vector<std::string> out;
  for (const Diagnostic& d : diagnostics.all()) out.push_back(render(d));
  return out;
}

}  // namespace

TEST_SUITE("threads: loading side by side") {
  TEST_CASE("every piece of work is done once, on any number of threads") {
    for (const std::size_t threads : {0U, 1U, 2U, 3U, 8U}) {
      for (const std::size_t count : {0U, 1U, 2U, 100U}) {
        CAPTURE(threads);
        CAPTURE(count);
        std::vector<int> done(count);
        side_by_side(count, threads, [&](std::size_t i) { ++done[i]; });
        CHECK(done == std::vector<int>(count, 1));
      }
    }
  }

  TEST_CASE("two pieces of work are at hand at the same time") {
    std::atomic<int> begun = 0;
    std::mutex mutex;
    std::set<std::thread::id> threads;
    side_by_side(2, 2, [&](std::size_t) {
      // Neither ends before both have begun.
      ++begun;
      while (begun < 2) std::this_thread::yield();
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
    CHECK(threads.size() == 2);
    CHECK(threads.count(std::this_thread::get_id()) == 1);
  }

  TEST_CASE("what a piece of work throws reaches the caller, once all are done") {
    for (const std::size_t threads : {1U, 4U}) {
      std::atomic<int> done = 0;
      CHECK_THROWS_WITH_AS(side_by_side(50, threads,
                                        [&](std::size_t i) {
                                          ++done;
                                          if (i == 7) throw std::runtime_error("seven");
                                        }),
                           "seven", std::runtime_error);
      CHECK(done == 50);
    }
  }

  TEST_CASE("files read side by side say what they say one by one, in the same order") {
    const auto files = many_files();
    RuleSetSpec spec;
    Diagnostics one_by_one;
    for (const auto& file : files) parse_rule_file(*file, spec, one_by_one);
    REQUIRE(one_by_one.errors() > 20);

    const LoadedRules loaded = load_rules_from(files);
    CHECK(loaded.rules == nullptr);
    const std::vector<std::string> expected = messages(one_by_one);
    std::vector<std::string> said = messages(loaded.diagnostics);
    REQUIRE(said.size() >= expected.size());
    said.resize(expected.size());
    CHECK(said == expected);
    CHECK(loaded.rule_count == spec.rules.size());
    REQUIRE(loaded.rule_names.size() == spec.rules.size());
    for (std::size_t i = 0; i < spec.rules.size(); ++i)
      CHECK(loaded.rule_names[i].text() == spec.rules[i].name.range.text());
  }

  TEST_CASE("of more mistakes than are kept, the first ones are, and all are counted") {
    std::vector<std::unique_ptr<SourceFile>> files;
    for (int file = 0; file < 6; ++file) {
      std::string text = "rules:\n";
      for (int rule = 0; rule < 600; ++rule)
        text += "  - {name: r" + std::to_string(file * 1000 + rule) +
                ", reject: x, unknown: 'some text that takes room'}\n";
      const std::string name = "f" + std::to_string(file) + ".yaml";
      files.push_back(std::make_unique<SourceFile>(name, name, std::move(text)));
    }
    RuleSetSpec spec;
    Diagnostics one_by_one;
    for (const auto& file : files) parse_rule_file(*file, spec, one_by_one);
    const LoadedRules loaded = load_rules_from(files);
    CHECK(messages(loaded.diagnostics) == messages(one_by_one));
    CHECK(loaded.diagnostics.errors() == 3600);
    CHECK(loaded.diagnostics.dropped() == 3600 - Diagnostics::kMaxKept);
  }
}

}  // namespace allocd
