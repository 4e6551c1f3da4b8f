#include "policy/folded_text.h"

#include <cstddef>

#include "policy/letter_case.h"

namespace allocd {
namespace {

constexpr std::string_view kKelvinSign = "\xE2\x84\xAA";
constexpr std::string_view kLongS = "\xC5\xBF";

}  // namespace

void fold(std::string_view text, std::string& out) {
  out.resize(text.size());
  unsigned char seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out[i] = lower(text[i]);
    seen |= static_cast<unsigned char>(text[i]);
  }
  if (seen < 0x80) return;
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++to) {
    const std::string_view rest = text.substr(from);
    if (rest.starts_with(kKelvinSign)) {
      out[to] = 'k';
      from += kKelvinSign.size();
    } else if (rest.starts_with(kLongS)) {
      out[to] = 's';
      from += kLongS.size();
    } else {
      out[to] = lower(text[from++]);
    }
  }
  out.resize(to);
}

std::string folded(std::string_view text) {
  std::string out;
  fold(text, out);
  return out;
}

}  // namespace allocd
