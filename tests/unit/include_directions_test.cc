// Holds the #include lines under src/ against the drawing in src/README.md, so that it stays true.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace allocd {
namespace {

struct Library {
  std::set<std::string> rooms;
  bool one_file = false;  // a single .cc file of those rooms
};

struct Drawing {
  std::map<std::string, std::set<std::string>> rooms;  // room -> rooms that it may include
  std::map<std::string, Library> libraries;            // start of an include -> who may write it
};

struct File {
  std::string path;  // relative to src/
  std::string text;
};

// The lines of the fenced block with this info string.
std::vector<std::string> fenced_block(std::string_view page, const std::string& name) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(page)};
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line == "```") break;
    if (inside) lines.push_back(line);
    if (line == "```" + name) inside = true;
  }
  return lines;
}

Drawing read_drawing(std::string_view page) {
  Drawing drawing;
  for (const std::string& line : fenced_block(page, "include-directions")) {
    const size_t colon = line.find(':');
    std::istringstream names{line.substr(colon + 1)};
    std::set<std::string>& rooms = drawing.rooms[line.substr(0, colon)];
    for (std::string name; names >> name;) rooms.insert(name);
  }
  for (const std::string& line : fenced_block(page, "include-libraries")) {
    const size_t colon = line.find(':');
    Library& library = drawing.libraries[line.substr(0, colon)];
    const size_t one_file = line.find("(one file)");
    library.one_file = one_file != std::string::npos;
    std::istringstream names{line.substr(0, one_file).substr(colon + 1)};
    for (std::string name; names >> name;) library.rooms.insert(name);
  }
  return drawing;
}

// What the #include lines name, with the quotes or angle brackets that they have.
std::vector<std::string> includes_of(const std::string& text) {
  std::vector<std::string> includes;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string word;
    words >> word;
    if (word == "#") {
      words >> word;
      word.insert(0, 1, '#');
    }
    if (!word.starts_with("#include")) continue;
    const size_t begin = line.find_first_of("\"<");
    if (begin == std::string::npos) continue;
    const size_t end = line.find_first_of("\">", begin + 1);
    if (end == std::string::npos) continue;
    includes.push_back(line.substr(begin, end - begin + 1));
  }
  return includes;
}

// "policy" of "policy/rule_set.h"; main.cc is a room of its own.
std::string room_of(const std::string& path) {
  if (path == "main.cc") return "main";
  const size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// C++ and the system itself may be used anywhere; they are no libraries in the drawing's sense.
bool is_of_the_system(const std::string& header) {
  const std::string folders[] = {"arpa/", "linux/", "net/", "netinet/", "sys/"};
  return header.find('/') == std::string::npos ||
         std::any_of(std::begin(folders), std::end(folders),
                     [&](const std::string& folder) { return header.starts_with(folder); });
}

// One sentence for each include that the drawing does not allow.
std::vector<std::string> violations(const Drawing& drawing, const std::vector<File>& files) {
  std::vector<std::string> found;
  std::map<std::string, std::set<std::string>> users;  // library -> files that include it

  for (const File& file : files) {
    const std::string room = room_of(file.path);
    if (!drawing.rooms.contains(room)) {
      found.push_back(file.path + " is in no room that is drawn");
      continue;
    }
    for (const std::string& include : includes_of(file.text)) {
      const std::string header = include.substr(1, include.size() - 2);
      const std::string sentence = file.path + " includes " + include;

      if (include.front() == '"') {
        const std::string target = room_of(header);
        if (!drawing.rooms.contains(target)) {
          found.push_back(sentence + ", which is in no room that is drawn");
        } else if (target != room && !drawing.rooms.at(room).contains(target)) {
          found.push_back(sentence + ", but " + room + " may not look into " + target);
        }
        continue;
      }

      const auto library =
          std::find_if(drawing.libraries.begin(), drawing.libraries.end(),
                       [&](const auto& entry) { return header.starts_with(entry.first); });
      if (library == drawing.libraries.end()) {
        if (!is_of_the_system(header)) found.push_back(sentence + ", a library that is not drawn");
        continue;
      }
      if (!library->second.rooms.contains(room)) {
        found.push_back(sentence + ", a library that " + room + " may not see");
      } else if (library->second.one_file && !file.path.ends_with(".cc")) {
        found.push_back(sentence + ", a library that belongs into a .cc file");
      }
      users[library->first].insert(file.path);
    }
  }

  for (const auto& [library, paths] : users) {
    if (!drawing.libraries.at(library).one_file || paths.size() < 2) continue;
    std::string sentence = library + " is for one file, but is included by";
    for (const std::string& path : paths) sentence += " " + path;
    found.push_back(sentence);
  }
  return found;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<File> read_sources(const std::filesystem::path& root) {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cc" && extension != ".h") continue;
    files.push_back({entry.path().lexically_relative(root).generic_string(), read_text(entry)});
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

const std::filesystem::path kSourceRoot = std::filesystem::path(ALLOCD_SOURCE_DIR) / "src";

TEST_CASE("the includes under src/ go where src/README.md says") {
  const Drawing drawing = read_drawing(read_text(kSourceRoot / "README.md"));
  const std::vector<File> files = read_sources(kSourceRoot);
  REQUIRE(!drawing.rooms.empty());
  REQUIRE(!drawing.libraries.empty());
  REQUIRE(!files.empty());

  for (const std::string& violation : violations(drawing, files)) FAIL_CHECK(violation);
}

TEST_CASE("src/README.md draws no room that is not there") {
  const Drawing drawing = read_drawing(read_text(kSourceRoot / "README.md"));
  std::set<std::string> known = {"main"};
  for (const auto& entry : std::filesystem::directory_iterator(kSourceRoot)) {
    if (entry.is_directory()) known.insert(entry.path().filename().string());
  }

  for (const auto& drawn : drawing.rooms) {
    CAPTURE(drawn.first);
    CHECK(known.contains(drawn.first));
    for (const std::string& neighbour : drawn.second) {
      CAPTURE(neighbour);
      CHECK(drawing.rooms.contains(neighbour));
    }
  }
  for (const auto& drawn : drawing.libraries) {
    CAPTURE(drawn.first);
    for (const std::string& room : drawn.second.rooms) {
      CAPTURE(room);
      CHECK(drawing.rooms.contains(room));
    }
  }
}

TEST_CASE("a planted include is found") {
  const Drawing drawing = read_drawing(
      "# A house\n"
      "```include-directions\n"
      "main: kitchen\n"
      "kitchen: cellar\n"
      "cellar:\n"
      "```\n"
      "text\n"
      "```include-libraries\n"
      "stove/: kitchen\n"
      "wine/: cellar (one file)\n"
      "```\n");

  struct Case {
    std::string name;
    std::vector<File> files;
    std::vector<std::string> expected;
  };
  const Case cases[] = {
      {.name = "allowed directions",
       .files = {{"main.cc", "#include \"kitchen/cook.h\"\n"},
                 {"kitchen/cook.cc", "#include \"kitchen/cook.h\"\n#include \"cellar/rack.h\"\n"}},
       .expected = {}},
      {.name = "upstream",
       .files = {{"cellar/rack.cc", "#include \"kitchen/cook.h\"\n"}},
       .expected = {"cellar/rack.cc includes \"kitchen/cook.h\", but cellar may not look into "
                    "kitchen"}},
      {.name = "spaces do not hide it",
       .files = {{"cellar/rack.cc", "  #  include   \"kitchen/cook.h\"  // why\n"}},
       .expected = {"cellar/rack.cc includes \"kitchen/cook.h\", but cellar may not look into "
                    "kitchen"}},
      {.name = "no space at all",
       .files = {{"cellar/rack.cc", "#include\"kitchen/cook.h\"\n"}},
       .expected = {"cellar/rack.cc includes \"kitchen/cook.h\", but cellar may not look into "
                    "kitchen"}},
      {.name = "only directly drawn arrows count",
       .files = {{"main.cc", "#include \"cellar/rack.h\"\n"}},
       .expected = {"main.cc includes \"cellar/rack.h\", but main may not look into cellar"}},
      {.name = "room that is not drawn",
       .files = {{"attic/box.cc", ""}},
       .expected = {"attic/box.cc is in no room that is drawn"}},
      {.name = "file beside the rooms",
       .files = {{"helpers.cc", ""}},
       .expected = {"helpers.cc is in no room that is drawn"}},
      {.name = "include of a room that is not drawn",
       .files = {{"main.cc", "#include \"attic/box.h\"\n"}},
       .expected = {"main.cc includes \"attic/box.h\", which is in no room that is drawn"}},
      {.name = "include that is not relative to src/",
       .files = {{"kitchen/cook.cc", "#include \"cook.h\"\n"}},
       .expected = {"kitchen/cook.cc includes \"cook.h\", which is in no room that is drawn"}},
      {.name = "comment about an include",
       .files = {{"cellar/rack.cc", "// #include \"kitchen/cook.h\"\n"}},
       .expected = {}},
      {.name = "the standard library and the system",
       .files = {{"cellar/rack.cc", "#include <vector>\n#include <sys/stat.h>\n"}},
       .expected = {}},
      {.name = "library in its room",
       .files = {{"kitchen/cook.cc", "#include <stove/gas.h>\n"}},
       .expected = {}},
      {.name = "library in another room",
       .files = {{"cellar/rack.h", "#include <stove/gas.h>\n"}},
       .expected = {"cellar/rack.h includes <stove/gas.h>, a library that cellar may not see"}},
      {.name = "library that is not drawn",
       .files = {{"cellar/rack.cc", "#include <boost/any.hpp>\n"}},
       .expected = {"cellar/rack.cc includes <boost/any.hpp>, a library that is not drawn"}},
      {.name = "fenced library in a header",
       .files = {{"cellar/rack.h", "#include <wine/red.h>\n"}},
       .expected = {"cellar/rack.h includes <wine/red.h>, a library that belongs into a .cc file"}},
      {.name = "fenced library in one file",
       .files = {{"cellar/rack.cc", "#include <wine/red.h>\n#include <wine/white.h>\n"}},
       .expected = {}},
      {.name = "fenced library in two files",
       .files = {{"cellar/a.cc", "#include <wine/red.h>\n"},
                 {"cellar/b.cc", "#include <wine/red.h>\n"}},
       .expected = {"wine/ is for one file, but is included by cellar/a.cc cellar/b.cc"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(violations(drawing, c.files) == c.expected);
  }
}

}  // namespace
}  // namespace allocd
