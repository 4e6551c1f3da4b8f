// The texts that named groups took out of a request, by the variable's number. Pieces of the
// request, or absent.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace allocd {

using Captures = std::vector<std::optional<std::string_view>>;

}  // namespace allocd
