// What somebody probably meant to type.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace allocd {

// The candidate nearest to `word` by edit distance (insert, delete, replace, swap neighbours;
// letter case counts for little), or nothing where none is near enough to be meant.
std::optional<std::string> closest_match(std::string_view word,
                                         const std::vector<std::string_view>& candidates);

// "did you mean `x`?" for the closest candidate; "one of `a`, `b`, `c`" where nothing is close
// and the list is short enough to read; else empty.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace allocd
