#include "policy/value.h"

#include <charconv>
#include <cmath>
#include <type_traits>

#include "policy/json_text.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

template <typename T>
constexpr bool is_number_type = std::is_same_v<T, std::int64_t> ||
                                std::is_same_v<T, std::uint64_t> || std::is_same_v<T, double>;

std::partial_ordering compare_integers(std::int64_t a, std::uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<std::uint64_t>(a) <=> b;
}

// Exact: the double is taken apart into its whole part and the rest, not the integer rounded.
template <typename Integer>
std::partial_ordering compare_with_double(Integer a, double b) {
  constexpr double kTooLarge = std::is_signed_v<Integer> ? 0x1p63 : 0x1p64;
  constexpr double kSmallest = std::is_signed_v<Integer> ? -0x1p63 : 0;
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTooLarge) return std::partial_ordering::less;
  if (b < kSmallest) return std::partial_ordering::greater;
  const double whole = std::floor(b);
  const auto integer = static_cast<Integer>(whole);
  if (a != integer)
    return a < integer ? std::partial_ordering::less : std::partial_ordering::greater;
  return b > whole ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

template <typename A, typename B>
std::partial_ordering compare_numbers(A a, B b) {
  if constexpr (std::is_same_v<A, B>) {
    return a <=> b;
  } else if constexpr (std::is_same_v<B, double>) {
    return compare_with_double(a, b);
  } else if constexpr (std::is_same_v<A, double>) {
    return 0 <=> compare_with_double(b, a);
  } else if constexpr (std::is_same_v<A, std::int64_t>) {
    return compare_integers(a, b);
  } else {
    return 0 <=> compare_integers(b, a);
  }
}

bool equal_containers(const Json& a, const Json& b, bool ignore_case) {
  if (a.is_array() != b.is_array() || a.size() != b.size()) return false;
  if (a.is_array()) {
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i].is_null() ? !b[i].is_null() : !equal(Value(a[i]), Value(b[i]), ignore_case))
        return false;
    return true;
  }
  for (const auto& [key, value] : a.get_ref<const Json::object_t&>()) {
    const auto other = b.find(key);
    if (other == b.end() || value.is_null() != other->is_null()) return false;
    if (!value.is_null() && !equal(Value(value), Value(*other), ignore_case)) return false;
  }
  return true;
}

}  // namespace

Value::Value(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean: value_ = json.get<bool>(); break;
    case Json::value_t::number_integer: value_ = json.get<std::int64_t>(); break;
    case Json::value_t::number_unsigned: value_ = json.get<std::uint64_t>(); break;
    case Json::value_t::number_float: value_ = json.get<double>(); break;
    case Json::value_t::string:
      value_ = std::string_view(json.get_ref<const std::string&>());
      break;
    case Json::value_t::object:
    case Json::value_t::array: value_ = &json; break;
    default: break;
  }
}

const Json* Value::container() const {
  const auto* json = std::get_if<const Json*>(&value_);
  return json != nullptr ? *json : nullptr;
}

Json Value::json() const {
  return std::visit(
      [](const auto& v) -> Json {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, const Json*>) {
          return *v;
        } else {
          return v;
        }
      },
      value_);
}

void Value::append_json_to(std::string& out) const {
  std::visit(
      [&out](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          out += "null";
        } else if constexpr (std::is_same_v<T, bool>) {
          out += v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          append_json_text(out, v);
        } else if constexpr (std::is_same_v<T, const Json*>) {
          append_json(out, *v);
        } else if constexpr (std::is_same_v<T, double>) {
          out += Json(v).dump();
        } else {
          char digits[24];
          out.append(digits, std::to_chars(digits, digits + sizeof digits, v).ptr);
        }
      },
      value_);
}

void Value::append_display_to(std::string& out) const {
  if (const auto* t = text()) {
    out += *t;
  } else {
    append_json_to(out);
  }
}

std::string Value::display() const {
  std::string out;
  append_display_to(out);
  return out;
}

bool Value::equals(const Value& other) const { return equal(*this, other, false); }

std::optional<std::partial_ordering> Value::compare(const Value& other) const {
  return std::visit(
      [](const auto& a, const auto& b) -> std::optional<std::partial_ordering> {
        if constexpr (is_number_type<std::decay_t<decltype(a)>> &&
                      is_number_type<std::decay_t<decltype(b)>>) {
          return compare_numbers(a, b);
        } else {
          return std::nullopt;
        }
      },
      value_, other.value_);
}

bool equal(const Value& a, const Value& b, bool ignore_case) {
  if (a.is_number() && b.is_number()) return a.compare(b) == std::partial_ordering::equivalent;
  if (a.text() != nullptr && b.text() != nullptr)
    return ignore_case ? equal_ignoring_case(*a.text(), *b.text()) : *a.text() == *b.text();
  if (a.container() != nullptr && b.container() != nullptr)
    return equal_containers(*a.container(), *b.container(), ignore_case);
  const Json left = a.json();
  return left.is_boolean() && left == b.json();
}

}  // namespace allocd
