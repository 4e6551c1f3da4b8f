#include "rulefile/core_schema.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

namespace allocd {
namespace {

constexpr NumberOutOfRange kTooLarge{"does not fit 64 bits"};
constexpr NumberOutOfRange kTooLargeFloat{"is larger than any number that can be stored"};
constexpr NumberOutOfRange kNotFinite{"has no place in JSON"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How many digits `text` begins with.
std::size_t digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

CoreScalar integer(std::string_view digits_only, bool negative, int base) {
  std::uint64_t magnitude = 0;
  const char* const end = digits_only.data() + digits_only.size();
  if (std::from_chars(digits_only.data(), end, magnitude, base).ec != std::errc{}) return kTooLarge;
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (magnitude > kLargest + 1) return kTooLarge;
    return static_cast<std::int64_t>(0 - magnitude);
  }
  if (magnitude > kLargest) return magnitude;
  return static_cast<std::int64_t>(magnitude);
}

// The shape `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, without its sign.
bool has_float_shape(std::string_view text) {
  const std::size_t whole = digits(text);
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t fraction = digits(text);
    if (whole == 0 && fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && digits(text) == text.size();
}

CoreScalar floating(std::string_view text, bool negative) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    // from_chars does not say on which side: only a negative exponent, or zeros behind the
    // point, can make it too small, and then it is as good as 0.
    const std::size_t exponent = text.find_first_of("eE");
    const bool shrinks = exponent != std::string_view::npos
                             ? text.substr(exponent + 1).starts_with('-')
                             : text.starts_with('.') || text.starts_with('0');
    if (!shrinks) return kTooLargeFloat;
    value = 0;
  }
  return negative ? -value : value;
}

}  // namespace

bool is_core_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

CoreScalar core_scalar(std::string_view text) {
  if (is_core_null(text)) return std::monostate{};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  // Most scalars are words: the first letter tells.
  const char first = text.front();
  if (!is_digit(first) && first != '.' && first != '-' && first != '+') return std::string(text);

  if (text.starts_with("0o") && text.size() > 2 &&
      text.find_first_not_of("01234567", 2) == std::string_view::npos)
    return integer(text.substr(2), false, 8);
  if (text.starts_with("0x") && text.size() > 2 &&
      text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos)
    return integer(text.substr(2), false, 16);
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return kNotFinite;

  const bool negative = first == '-';
  const std::string_view unsigned_text = negative || first == '+' ? text.substr(1) : text;
  if (unsigned_text == ".inf" || unsigned_text == ".Inf" || unsigned_text == ".INF")
    return kNotFinite;
  if (!unsigned_text.empty() && digits(unsigned_text) == unsigned_text.size())
    return integer(unsigned_text, negative, 10);
  if (has_float_shape(unsigned_text)) return floating(unsigned_text, negative);
  return std::string(text);
}

}  // namespace allocd
