// A JSON value as text: made for one answer, or once for all when the rules were loaded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace allocd {

class RenderedJson {
 public:
  // A text that a rule set keeps: valid as long as that.
  explicit RenderedJson(const std::string* shared) : text_(shared) {}
  // JSON text that was written for this answer.
  explicit RenderedJson(std::string own) : text_(std::move(own)) {}

  std::string_view text() const {
    const auto* shared = std::get_if<const std::string*>(&text_);
    return shared != nullptr ? **shared : std::get<std::string>(text_);
  }

 private:
  std::variant<const std::string*, std::string> text_;
};

}  // namespace allocd
