// What came of a reload, and how operators are told.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/guard_report.h"
#include "diagnostics/diagnostic.h"
#include "policy/located_value.h"

namespace allocd {

struct ReloadResult {
  enum class Kind {
    Success,    // what was read is in force
    Failure,    // it cannot be used: see the diagnostics
    Refused,    // by the guard: too many devices would lose their hub
    Unchanged,  // the rules are those in force
  };

  // Whether what is on disk is in force now.
  bool is_good() const { return kind == Kind::Success || kind == Kind::Unchanged; }

  Kind kind = Kind::Success;
  std::chrono::system_clock::time_point at;
  std::string revision;  // of what was read
  std::size_t rules = 0;
  Diagnostics diagnostics;
  std::optional<GuardReport> guard;  // where it was asked
};

// "success", "failure", "refused", "unchanged".
std::string_view result_name(ReloadResult::Kind kind);

// `{"at","result","revision","rules","diagnostics":[…],"guard":{…}|null}`; the guard's has a member
// `text` beside those of guard_json(), for people.
Json reload_json(const ReloadResult& result);

}  // namespace allocd
