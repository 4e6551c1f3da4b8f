// A JSON value as text: made for one answer, or once for all when the rules were loaded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "policy/located_value.h"

namespace allocd {

class RenderedJson {
 public:
  // A text that a rule set keeps: valid as long as that.
  explicit RenderedJson(const std::string* shared) : text_(shared) {}
  // Bytes of texts that are no UTF-8 come out as U+FFFD.
  explicit RenderedJson(const Json& json)
      : text_(json.dump(-1, ' ', false, Json::error_handler_t::replace)) {}

  std::string_view text() const {
    const auto* shared = std::get_if<const std::string*>(&text_);
    return shared != nullptr ? **shared : std::get<std::string>(text_);
  }

 private:
  std::variant<const std::string*, std::string> text_;
};

}  // namespace allocd
