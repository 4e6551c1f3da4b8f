#include "diagnostics/source_file.h"

#include <algorithm>
#include <utility>

namespace allocd {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

}  // namespace

SourceFile::SourceFile(std::string path, std::string name, std::string text)
    : path_(std::move(path)), name_(std::move(name)), text_(std::move(text)) {
  if (text_.starts_with(kByteOrderMark)) text_.erase(0, kByteOrderMark.size());
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] > '\r') continue;
    // A lone carriage return ends a line in YAML as well (YAML 1.2.2, section 5.4).
    const bool lone_return = text_[i] == '\r' && (i + 1 == text_.size() || text_[i + 1] != '\n');
    if (text_[i] == '\n' || lone_return) line_starts_.push_back(i + 1);
  }
}

Position SourceFile::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto start = static_cast<std::ptrdiff_t>(*(after - 1));
  const auto characters = std::count_if(
      text_.begin() + start, text_.begin() + static_cast<std::ptrdiff_t>(offset), starts_character);
  return {static_cast<int>(after - line_starts_.begin()), static_cast<int>(characters) + 1};
}

std::string_view SourceFile::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > line_starts_.size()) return {};
  const auto index = static_cast<std::size_t>(number) - 1;
  const std::size_t begin = line_starts_[index];
  const std::size_t end = index + 1 < line_starts_.size() ? line_starts_[index + 1] : text_.size();
  std::string_view line = std::string_view(text_).substr(begin, end - begin);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

std::size_t SourceFile::line_start(std::size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return *(after - 1);
}

std::string_view SourceRange::text() const {
  if (file == nullptr) return {};
  return file->text().substr(begin, end - begin);
}

std::string place(const SourceRange& range) {
  if (range.file == nullptr) return "somewhere else";
  return range.file->path() + ":" + std::to_string(range.file->position(range.begin).line);
}

}  // namespace allocd
