// Matchers of rules at random, over few letters: so that rules often share devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace allocd::test {

// The same ones from the same seed. What they look at is `registrationId` and `payload.x`.
class RandomMatches {
 public:
  explicit RandomMatches(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(
        std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_));
  }

  std::string match() {
    switch (below(6)) {
      case 0: return "{" + on_x() + "}";
      case 1: return "{" + on_id() + ", " + on_x() + "}";
      case 2: return "{any: [{" + on_id() + "}, {" + on_x() + "}]}";
      case 3: return "{not: {" + on_id() + ", " + on_x() + "}}";
      default: return "{" + on_id() + "}";
    }
  }

  // As match(), and takes less.
  std::string narrow_match() {
    static const std::vector<std::string> kNarrow = {"ab", "ba", "bb", "aA", "a-", "ca", "cb"};
    const std::string text = "'" + kNarrow[below(kNarrow.size())] + "'";
    switch (below(5)) {
      case 0: return "{registrationId: {startsWith: " + text + "}}";
      case 1: return "{registrationId: {endsWith: " + text + "}, " + on_x() + "}";
      case 2: return "{registrationId: {contains: " + text + "}, payload.x: 1}";
      case 3: return "{registrationId: {equals: " + text + "}}";
      default: return match();
    }
  }

 private:
  std::string text() { return "'" + kTexts[below(kTexts.size())] + "'"; }

  std::string on_id() {
    std::string out;
    switch (below(7)) {
      case 0: out = "startsWith: " + text(); break;
      case 1: out = "endsWith: " + text(); break;
      case 2: out = "contains: " + text(); break;
      case 3:
        out = "in: [" + text();
        out += ", " + text() + "]";
        break;
      case 4:
        out = "glob: '" + kTexts[below(kTexts.size())];
        out += below(2) == 0 ? "*'" : "?'";
        break;
      case 5: out = "matches: '" + kPatterns[below(kPatterns.size())] + "'"; break;
      default: out = "search: '" + kPatterns[below(kPatterns.size())] + "'"; break;
    }
    if (below(4) == 0) out += ", ignoreCase: false";
    if (below(4) == 0) out = "not: {" + out + "}";
    return "registrationId: {" + out + "}";
  }

  std::string on_x() {
    static const std::vector<std::string> kDemands = {
        "payload.x: 1",       "payload.x: [1, 2]",          "payload.x: {exists: true}",
        "payload.x: {gt: 1}", "payload.x: {exists: false}", "payload.x: {not: {equals: 1}}"};
    return kDemands[below(kDemands.size())];
  }

  const std::vector<std::string> kTexts = {"a", "b", "ab", "ba", "bb", "aA", "a-"};
  const std::vector<std::string> kPatterns = {"a+",       "[ab]*", ".*b",    "a?b?",
                                              "(a|b){2}", "a.*",   "[^a]+",  "b[^b]",
                                              "(?i)aB",   "..",    "(a|-)+", "\\w+"};
  std::mt19937 random_;
};

}  // namespace allocd::test
