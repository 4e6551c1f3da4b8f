#include "daemon/reload_result.h"

#include "diagnostics/diagnostic_json.h"
#include "policy/text_template.h"

namespace allocd {

std::string_view result_name(ReloadResult::Kind kind) {
  switch (kind) {
    case ReloadResult::Kind::Success: return "success";
    case ReloadResult::Kind::Failure: return "failure";
    case ReloadResult::Kind::Refused: return "refused";
    case ReloadResult::Kind::Unchanged: break;
  }
  return "unchanged";
}

Json reload_json(const ReloadResult& result) {
  Json out = {{"at", format_moment(result.at)},
              {"result", result_name(result.kind)},
              {"revision", result.revision},
              {"rules", result.rules}};
  out["diagnostics"] = diagnostics_list(result.diagnostics);
  out["guard"] = nullptr;
  if (result.guard) {
    out["guard"] = guard_json(*result.guard);
    out["guard"]["text"] = guard_text(*result.guard);
  }
  return out;
}

}  // namespace allocd
