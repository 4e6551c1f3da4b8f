#include <iostream>

#include "cli/commands.h"

namespace allocd {

std::string version() { return ALLOCD_VERSION; }

int print_version() {
  std::cout << "allocd " << version() << '\n';
  return kFine;
}

}  // namespace allocd
