// Holds README.md against the sources.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

namespace allocd {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every `"kebab-case"` literal of the sources but those that are something else: HTTP is full of
// them, and reports nothing to authors.
std::set<std::string> codes_in_sources() {
  const std::set<std::string> other = {"2019-04-15",     "api-version",       "device-key",
                                       "dry-run",        "x-allocd-decision", "x-functions-key",
                                       "x-ms-request-id"};
  const std::regex literal("\"([a-z0-9]+(-[a-z0-9]+)+)\"");
  std::set<std::string> codes;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(ALLOCD_SOURCE_DIR) / "src")) {
    if (entry.path().extension() != ".cc" || entry.path().parent_path().filename() == "http")
      continue;
    const std::string text = read_all(entry.path());
    for (auto it = std::sregex_iterator(text.begin(), text.end(), literal);
         it != std::sregex_iterator(); ++it)
      if (!other.contains((*it)[1])) codes.insert((*it)[1]);
  }
  return codes;
}

std::set<std::string> codes_in_readme() {
  const std::string text = read_all(fs::path(ALLOCD_SOURCE_DIR) / "README.md");
  const std::size_t begin = text.find("## Diagnostics");
  const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
  const std::regex row("\n\\| `([a-z0-9-]+)` \\|");
  std::set<std::string> codes;
  for (auto it = std::sregex_iterator(section.begin(), section.end(), row);
       it != std::sregex_iterator(); ++it)
    codes.insert((*it)[1]);
  return codes;
}

}  // namespace

TEST_CASE("readme: lists every diagnostic code, and no other") {
  CHECK(codes_in_readme() == codes_in_sources());
}

}  // namespace allocd
