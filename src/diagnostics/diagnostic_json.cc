#include "diagnostics/diagnostic_json.h"

namespace allocd {

namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

Json diagnostics_list(const Diagnostics& diagnostics) {
  Json out = Json::array();
  for (const Diagnostic& d : diagnostics.sorted()) {
    Json entry = {{"severity", severity_name(d.severity)}, {"code", d.code}};
    entry["file"] = or_null(d.file);
    entry["line"] = d.line > 0 ? Json(d.line) : Json(nullptr);
    entry["column"] = d.line > 0 ? Json(d.column) : Json(nullptr);
    entry["message"] = d.message;
    entry["help"] = or_null(d.help);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace allocd
