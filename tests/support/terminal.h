// What a program prints where it sees a terminal.
#pragma once

#include <string>
#include <vector>

namespace allocd::test {

// Everything that `arguments[0]` prints on a terminal of its own, until it ends. Throws
// std::runtime_error where it cannot be started.
std::string output_on_terminal(const std::vector<std::string>& arguments);

}  // namespace allocd::test
