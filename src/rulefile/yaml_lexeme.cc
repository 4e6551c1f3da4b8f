#include "rulefile/yaml_lexeme.h"

#include <algorithm>

namespace allocd {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kSpace = " \t\r\n";

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

std::size_t find_or_end(std::string_view text, std::string_view any_of, std::size_t offset) {
  return std::min(text.find_first_of(any_of, offset), text.size());
}

}  // namespace

std::size_t line_end(std::string_view text, std::size_t offset) {
  return find_or_end(text, "\r\n", offset);
}

std::size_t skip_space(std::string_view text, std::size_t offset) {
  while (offset < text.size()) {
    if (is_space(text[offset])) {
      ++offset;
    } else if (text[offset] == '#' && (offset == 0 || is_space(text[offset - 1]))) {
      offset = line_end(text, offset);
    } else {
      break;
    }
  }
  return std::min(offset, text.size());
}

Properties skip_properties(std::string_view text, std::size_t offset) {
  Properties found;
  found.all = {offset, offset};
  while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
    const bool tag = text[offset] == '!';
    const bool verbatim = tag && text.substr(offset + 1).starts_with('<');
    const std::size_t end = find_or_end(text, verbatim ? " \t\r\n>" : " \t\r\n,[]{}", offset);
    found.all.end = verbatim && end < text.size() && text[end] == '>' ? end + 1 : end;
    if (tag) found.tag = {offset, found.all.end};
    offset = skip_space(text, found.all.end);
  }
  found.content = offset;
  return found;
}

std::size_t quoted_end(std::string_view text, std::size_t offset) {
  const char quote = text[offset];
  const std::string_view stops = quote == '"' ? "\"\\" : "'";
  for (std::size_t i = text.find_first_of(stops, offset + 1); i < text.size();
       i = text.find_first_of(stops, i)) {
    const bool escape = text[i] == '\\' || (quote == '\'' && text.substr(i + 1).starts_with('\''));
    if (!escape) return i + 1;
    i += 2;
  }
  return std::string_view::npos;
}

std::size_t plain_end(std::string_view text, std::size_t offset, std::string_view value) {
  if (text.substr(offset).starts_with(value)) return offset + value.size();
  // Over several lines, white space and line breaks were folded: hold both against each other
  // word by word.
  std::size_t source = offset;
  std::size_t read = 0;
  while (read < value.size() && source < text.size()) {
    if (is_space(value[read])) {
      if (!is_space(text[source])) break;
      read = std::min(value.find_first_not_of(kSpace, read), value.size());
      source = std::min(text.find_first_not_of(kSpace, source), text.size());
    } else {
      if (value[read] != text[source]) break;
      ++read;
      ++source;
    }
  }
  return source;
}

std::size_t block_scalar_end(std::string_view text, std::size_t offset, std::string_view value) {
  std::size_t end = line_end(text, offset);
  const bool empty = value.find_first_not_of('\n') == std::string_view::npos;
  // With an indentation indicator the first line tells nothing; the header has to do.
  const std::string_view header = text.substr(offset, end - offset).substr(0, 3);
  if (empty || header.find_first_of("123456789") != std::string_view::npos) return end;
  std::size_t indent = std::string_view::npos;
  for (std::size_t line = end; line < text.size();) {
    line += text.substr(line).starts_with("\r\n") ? 2 : 1;
    const std::size_t word = std::min(text.find_first_not_of(' ', line), text.size());
    const std::size_t next = line_end(text, line);
    if (word < next) {
      if (indent == std::string_view::npos) indent = word - line;
      if (word - line < indent) break;
      end = next;
    }
    line = next;
  }
  return end;
}

std::string_view plain_words(std::string_view text, std::size_t offset, bool in_flow) {
  std::size_t end = line_end(text, offset);
  std::string_view words = text.substr(offset, end - offset);
  words = words.substr(0, words.find(" #"));
  if (in_flow) words = words.substr(0, words.find_first_of(",[]{}", 1));
  const std::size_t last = words.find_last_not_of(kBlank);
  return words.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace allocd
