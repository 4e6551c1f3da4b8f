// Several files in one text: a comment, then sections that begin with a line `-- NAME --`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace allocd::test {

struct Section {
  std::string name;
  std::string text;
};

struct Archive {
  std::string comment;
  std::vector<Section> sections;
};

Archive parse_txtar(std::string_view text);
std::string format_txtar(const Archive& archive);

}  // namespace allocd::test
