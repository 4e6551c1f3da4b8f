// Texts with their letters folded: what any matcher takes for the same letter is the same here.
#pragma once

#include <string>
#include <string_view>

namespace allocd {

// ASCII letters become lower case, and so do the two letters beyond ASCII that a regular
// expression takes for `k` and `s` where case is ignored (U+212A, U+017F). A well-formed text that
// is part of another stays part of it, at its start or end too. `out` is replaced.
void fold(std::string_view text, std::string& out);

std::string folded(std::string_view text);

}  // namespace allocd
