// `allocd simulate --check`: what is wrong with a file of enrollments.
#pragma once

#include <string>

#include "cli/commands.h"

namespace allocd {

// Prints it as `dry-run` does of rules, or as `{"ok", "files", "enrollmentGroups",
// "individualEnrollments", "diagnostics": […]}`, where counts are null if anything is wrong;
// returns an exit code.
int check_enrollments(const std::string& path, Format format);

}  // namespace allocd
