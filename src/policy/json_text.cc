#include "policy/json_text.h"

#include <algorithm>

#include "policy/value.h"

namespace allocd {
namespace {

// Whether all letters stand for themselves, as they do in nearly all texts.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

void append_json(std::string& out, const Json& json) {
  const std::size_t start = out.size();
  if (json.is_object()) {
    for (const auto& [key, value] : json.get_ref<const Json::object_t&>()) {
      out += out.size() == start ? '{' : ',';
      append_json_text(out, key);
      out += ':';
      append_json(out, value);
    }
    out += out.size() == start ? "{}" : "}";
  } else if (json.is_array()) {
    for (const Json& item : json) {
      out += out.size() == start ? '[' : ',';
      append_json(out, item);
    }
    out += out.size() == start ? "[]" : "]";
  } else {
    Value(json).append_json_to(out);
  }
}

}  // namespace allocd
