// What deciding with a rule reads is asked for ahead, all of it and nothing that has gone.
#include "policy/read_ahead.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "policy/memory_lines.h"
#include "policy/rule_set.h"
#include "rulefile/load_rules.h"

namespace allocd {
namespace {

constexpr std::size_t kLine = MemoryLines::kBytes;

// A hundred lines of memory, nothing of it used.
struct Memory {
  alignas(kLine) std::array<char, 100 * kLine> bytes{};
  const char* line(std::size_t i) const { return bytes.data() + i * kLine; }
};

std::shared_ptr<const RuleSet> set_of(std::size_t count) {
  std::string text = "rules:\n";
  for (std::size_t i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    text += "  - name: the-rule-with-the-number-" + n +
            "\n    match: {registrationId: {endsWith: \"-a-text-with-the-number-" + n +
            "\"}, payload.model: {glob: \"model-with-the-number-" + n +
            "-*\"}, payload.kind: {matches: \"kind-[0-9]-with-the-number-" + n +
            "\"}}\n    allocate:\n      hub: \"hub-with-the-number-" + n +
            "*\"\n      initialTwin: {tags: {theNumberOfTheRule: " + n +
            ", id: \"some text before ${registrationId}\"}}\n";
  }
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", std::move(text)));
  auto loaded = load_rules_from(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all()) MESSAGE(render(diagnostic));
  REQUIRE(loaded.rules != nullptr);
  return loaded.rules;
}

}  // namespace

TEST_SUITE("read ahead") {
  TEST_CASE("lines of memory are kept once, and as runs of neighbours") {
    const auto memory = std::make_unique<Memory>();
    MemoryLines lines;
    CHECK_FALSE(lines.has(memory->line(0)));
    lines.add(memory->line(3) + 60, 8);  // over the end of a line
    lines.add(memory->line(3), 1);
    lines.add(memory->line(2), kLine);
    lines.add(memory->line(50), 0);
    for (std::size_t i = 0; i < 100; ++i) {
      CAPTURE(i);
      CHECK(lines.has(memory->line(i) + 13) == (i >= 2 && i <= 4));
    }
    // Neighbours cost no room: two hundred of them, and there is room for other runs yet.
    for (std::size_t i = 5; i < 100; ++i) lines.add(memory->line(i), kLine);
    CHECK(lines.has(memory->line(99)));
    lines.add(memory->line(0), 1);
    CHECK(lines.has(memory->line(0)));
    CHECK_FALSE(lines.has(memory->line(1)));
    lines.fetch();
  }

  TEST_CASE("of lines that find no room, those that came first are kept") {
    const auto memory = std::make_unique<Memory>();
    MemoryLines lines;
    for (std::size_t i = 0; i < 40; ++i) lines.add(memory->line(2 * i), 1);
    for (std::size_t i = 0; i < 40; ++i) {
      CAPTURE(i);
      CHECK(lines.has(memory->line(2 * i)) == (i < MemoryLines::kRuns));
    }
    // A piece of memory without an end is taken at its beginning.
    MemoryLines large;
    large.add(memory->line(0), 100 * kLine);
    CHECK(large.has(memory->line(MemoryLines::kMostOfOne - 1)));
    CHECK_FALSE(large.has(memory->line(MemoryLines::kMostOfOne)));
  }

  TEST_CASE("all that a rule is made of is asked for") {
    const auto set = set_of(300);
    for (std::size_t i = 0; i < set->rules().size(); ++i) {
      CAPTURE(i);
      const Rule& rule = set->rules()[i];
      const MemoryLines* lines = set->index().read_ahead().lines(i);
      REQUIRE(lines != nullptr);
      CHECK(lines->has(&rule.match));
      CHECK(lines->has(&rule.variables));
      CHECK(lines->has(&rule.outcome));
      CHECK(lines->has(rule.match.parts().parts.data()));
      for (const Matcher::Part& part : rule.match.parts().parts) {
        const auto& operators = std::get<FieldMatcher>(part).operators.all();
        CHECK(lines->has(operators.data()));
        const auto* text = std::get_if<TextPart>(&operators[0].test);
        if (text != nullptr) CHECK(lines->has(text->text.data()));
      }
      const auto& allocation = std::get<Allocation>(rule.outcome);
      CHECK(lines->has(std::get<std::vector<HubPattern>>(allocation.hub.hub).data()));
      set->index().read_ahead().fetch(i);
    }
    CHECK(set->index().read_ahead().lines(300) == nullptr);
    set->index().read_ahead().fetch(300);
  }

  TEST_CASE("few rules stay in caches by themselves") {
    CHECK(set_of(3)->index().read_ahead().lines(0) == nullptr);
  }
}

}  // namespace allocd
