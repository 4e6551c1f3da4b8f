#include "webhook/raw_member.h"

#include <algorithm>

#include "policy/located_value.h"
#include "webhook/json_marks.h"

namespace allocd {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ends() const { return at_ == text_.size(); }

  void skip_spaces() {
    while (!ends() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool skip(char c) {
    skip_spaces();
    if (ends() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A text with its quotes, a container, or a word; empty where none begins here.
  std::string_view value() {
    skip_spaces();
    const std::size_t begin = at_;
    if (ends()) return {};
    if (text_[at_] == '"') {
      skip_text();
    } else if (text_[at_] == '{' || text_[at_] == '[') {
      skip_container();
    } else {
      at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_text() {
    ++at_;
    const std::size_t end = end_of_json_text(text_, at_);
    at_ = std::min(end, text_.size());
  }

  void skip_container() {
    std::size_t depth = 0;
    while (!ends()) {
      at_ = skip_to_json_mark(text_, at_);
      if (ends()) return;
      const char c = text_[at_];
      if (c == '"') {
        skip_text();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string_view without_quotes(std::string_view text) { return text.substr(1, text.size() - 2); }

bool is_text(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"';
}

bool is_plain(std::string_view value) { return value.find('\\') == std::string_view::npos; }

}  // namespace

void for_each_raw_member(
    std::string_view object,
    const std::function<bool(std::string_view name, std::string_view value)>& see) {
  Scanner scanner(object);
  if (!scanner.skip('{')) return;
  do {
    const std::string_view name = scanner.value();
    if (!is_text(name) || !scanner.skip(':')) return;
    const std::string_view value = scanner.value();
    if (value.empty()) return;
    if (is_plain(name)) {
      if (!see(without_quotes(name), value)) return;
    } else if (const auto decoded = text_of_raw(name); decoded && !see(*decoded, value)) {
      return;
    }
  } while (scanner.skip(','));
}

std::optional<std::string_view> raw_member(std::string_view object, std::string_view name) {
  std::optional<std::string_view> out;
  for_each_raw_member(object, [&](std::string_view member, std::string_view value) {
    if (member != name) return true;
    if (value != "null") out = value;
    return false;
  });
  return out;
}

std::optional<std::string> text_of_raw(std::string_view value) {
  if (!is_text(value)) return std::nullopt;
  if (is_plain(value)) return std::string(without_quotes(value));
  const Json text = Json::parse(value, nullptr, false);
  if (!text.is_string()) return std::nullopt;
  return text.get<std::string>();
}

}  // namespace allocd
