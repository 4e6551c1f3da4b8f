// Members of a JSON object as they are written: for looking at a few of them without reading all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace allocd {

// Calls `see` with the name and the value of each member, until it returns false. Only as much is
// looked at as it takes to find them: nothing is checked, and what is no object may have none.
void for_each_raw_member(
    std::string_view object,
    const std::function<bool(std::string_view name, std::string_view value)>& see);

// The value of the first such member, as written; nothing where there is none, or null.
std::optional<std::string_view> raw_member(std::string_view object, std::string_view name);

// The text that a raw value is; nothing where it is none.
std::optional<std::string> text_of_raw(std::string_view value);

}  // namespace allocd
