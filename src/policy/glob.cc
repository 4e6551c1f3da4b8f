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
  const auto folded = [this](char c) { return ignore_case_ ? lower(c) : c; };
  std::size_t step = 0;
  std::size_t at = 0;
  // Where to go on from when a try fails: one character further behind the last `*`. Earlier ones
  // need no second try, since what they took is as short as can be.
  std::size_t star = steps_.size();
  std::size_t star_at = 0;
  for (;;) {
    if (step < steps_.size() && steps_[step].kind == Step::Kind::AnyText) {
      star = step++;
      star_at = at;
      if (step == steps_.size()) return true;
      continue;
    }
    if (at == text.size() && step == steps_.size()) return true;
    if (at < text.size() && step < steps_.size()) {
      if (steps_[step].kind == Step::Kind::AnyCharacter) {
        at += std::max<std::size_t>(1, utf8_length(text.substr(at)));
        ++step;
        continue;
      }
      if (folded(text[at]) == steps_[step].byte) {
        ++at;
        ++step;
        continue;
      }
    }
    if (star == steps_.size() || star_at >= text.size()) return false;
    step = star + 1;
    ++star_at;
    // A byte can only be found where it stands.
    if (step < steps_.size() && steps_[step].kind == Step::Kind::Byte)
      while (star_at < text.size() && folded(text[star_at]) != steps_[step].byte) ++star_at;
    at = star_at;
  }
}

}  // namespace allocd
