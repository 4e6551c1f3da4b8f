#include "cli/check_enrollments.h"

#include <cstddef>
#include <iostream>
#include <optional>
#include <unistd.h>

#include "cli/output.h"
#include "diagnostics/diagnostic_json.h"
#include "simulator/enrollments.h"

namespace allocd {
namespace {

std::string counted(std::size_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

}  // namespace

int check_enrollments(const std::string& path, Format format) {
  Diagnostics diagnostics;
  const auto enrollments = load_enrollments(path, diagnostics);
  if (format == Format::AsJson) {
    Json report = {{"ok", enrollments.has_value()}, {"files", 1}};
    report["enrollmentGroups"] = enrollments ? Json(enrollments->groups.size()) : Json();
    report["individualEnrollments"] = enrollments ? Json(enrollments->individuals.size()) : Json();
    report["diagnostics"] = diagnostics_list(diagnostics);
    std::cout << report.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print_diagnostics(diagnostics, wants_colour(STDERR_FILENO), std::cerr);
    std::cout << path << ": "
              << (enrollments
                      ? counted(enrollments->groups.size(), "enrollment group") + ", " +
                            counted(enrollments->individuals.size(), "individual enrollment") +
                            ": ok"
                      : counted(diagnostics.errors(), "error"))
              << '\n';
  }
  return enrollments ? kFine : kFindings;
}

}  // namespace allocd
