#include <iostream>

#include "cli/commands.h"

namespace allocd {

int print_version() {
  std::cout << "allocd " << ALLOCD_VERSION << '\n';
  return kFine;
}

}  // namespace allocd
