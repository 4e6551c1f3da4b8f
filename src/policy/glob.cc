#include "policy/glob.h"

#include <algorithm>
#include <cstddef>

#include "diagnostics/utf8.h"
#include "policy/letter_case.h"

namespace allocd {

Glob::Glob(std::string_view pattern, bool ignore_case) : ignore_case_(ignore_case) {
  append_pattern(pattern);
}

void Glob::append_pattern(std::string_view pattern) {
  for (const char c : pattern) {
    if (c == '?') {
      steps_.push_back({Step::Kind::AnyCharacter, 0});
    } else if (c != '*') {
      append_byte(c);
    } else if (steps_.empty() || steps_.back().kind != Step::Kind::AnyText) {
      steps_.push_back({Step::Kind::AnyText, 0});
    }
  }
}

void Glob::append_text(std::string_view text) {
  for (const char c : text) append_byte(c);
}

void Glob::append_byte(char byte) {
  steps_.push_back({Step::Kind::Byte, ignore_case_ ? lower(byte) : byte});
}

bool Glob::matches(std::string_view text) const {
  const CaseFold& fold = ignore_case_ ? kLowerCase : kSameCase;
  const Step* const end = steps_.data() + steps_.size();
  const Step* step = steps_.data();
  const char* at = text.data();
  const char* const text_end = at + text.size();
  // Where to go on from when a try fails: one character further behind the last `*`. Earlier ones
  // need no second try, since what they took is as short as can be.
  const Step* behind_star = nullptr;
  const char* star_at = nullptr;
  for (;;) {
    if (step != end && step->kind == Step::Kind::AnyText) {
      behind_star = ++step;
      star_at = at;
      if (step == end) return true;
      continue;
    }
    if (at == text_end && step == end) return true;
    if (at != text_end && step != end) {
      if (step->kind == Step::Kind::Byte && fold.of(*at) == step->byte) {
        ++at;
        ++step;
        continue;
      }
      if (step->kind == Step::Kind::AnyCharacter) {
        at += std::max<std::size_t>(1, utf8_length({at, static_cast<std::size_t>(text_end - at)}));
        ++step;
        continue;
      }
    }
    if (behind_star == nullptr || star_at == text_end) return false;
    step = behind_star;
    ++star_at;
    // A byte can only be found where it stands.
    if (step != end && step->kind == Step::Kind::Byte)
      while (star_at != text_end && fold.of(*star_at) != step->byte) ++star_at;
    at = star_at;
  }
}

}  // namespace allocd
