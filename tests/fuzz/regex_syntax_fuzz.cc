// Any text as a regular expression: read without a crash, and what is read means the same to RE2.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "analysis/id_language.h"
#include "analysis/regex_syntax.h"
#include "policy/regex.h"

namespace {

using namespace allocd;

void expect(bool holds) {
  if (!holds) std::abort();
}

// IDs that the pattern's own letters lead to.
std::vector<std::string> ids_near(const std::string& pattern) {
  std::string letters;
  for (const char c : pattern)
    if (symbol_of(c) < kIdSymbols.size() && letters.size() < 24) letters += c;
  std::vector<std::string> out = {"a", "A", "0", "-", "a.b", "Kk_s:S1", letters + "a"};
  for (std::size_t i = 0; i < letters.size(); ++i) {
    out.push_back(letters.substr(i, 1));
    out.push_back(letters.substr(0, i) + letters.substr(i + 1));
    out.push_back(letters.substr(i));
    out.push_back(letters.substr(0, i + 1));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 200) return 0;
  const std::string pattern(reinterpret_cast<const char*>(data), size);
  for (const bool ignore_case : {false, true}) {
    auto tree = parse_regex(pattern, ignore_case);
    if (const auto* reason = std::get_if<NotAnalysed>(&tree)) {
      expect(!reason->reason.empty());
      continue;
    }
    for (const bool whole : {false, true}) {
      // What RE2 does not take is in no rule.
      auto compiled = Regex::compile(
          pattern, whole ? Regex::Extent::Whole : Regex::Extent::Anywhere, ignore_case);
      const auto* regex = std::get_if<Regex>(&compiled);
      if (regex == nullptr) continue;
      const IdSet set = {{std::make_shared<IdAutomaton>(
                              std::get<RegexTree>(tree),
                              IdAutomaton::Extent{.any_start = !whole, .any_end = !whole}),
                          false,
                          {}}};
      for (const std::string& id : ids_near(pattern)) {
        const Membership found = holds(set, id);
        expect(found == Membership::Unknown || (found == Membership::Yes) == regex->matches(id));
      }
      const ShortestId shortest = shortest_id(set, {});
      expect(shortest.result != ShortestId::Result::Found || regex->matches(shortest.id));
    }
  }
  return 0;
}
