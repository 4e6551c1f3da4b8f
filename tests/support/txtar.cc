#include "support/txtar.h"

namespace allocd::test {

Archive parse_txtar(std::string_view text) {
  Archive out;
  std::string* into = &out.comment;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("-- ") && line.ends_with(" --") && line.size() > 6) {
      out.sections.push_back({std::string(line.substr(3, line.size() - 6)), ""});
      into = &out.sections.back().text;
    } else {
      *into += line;
      *into += '\n';
    }
  }
  return out;
}

std::string format_txtar(const Archive& archive) {
  std::string out = archive.comment;
  for (const Section& section : archive.sections)
    out += "-- " + section.name + " --\n" + section.text;
  return out;
}

}  // namespace allocd::test
