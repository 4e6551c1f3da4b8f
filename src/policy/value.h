// One value of a request, looked at without copying it.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policy/located_value.h"

namespace allocd {

// Absent, a scalar, or a container. Texts and containers belong to the request: a value is valid
// as long as that is. JSON null is absent.
class Value {
 public:
  Value() = default;
  explicit Value(std::string_view text) : value_(text) {}
  explicit Value(const Json& json);
  // Only these types themselves, so that no pointer becomes a bool.
  template <typename Scalar>
  requires std::same_as<Scalar, bool> || std::same_as<Scalar, std::int64_t> ||
      std::same_as<Scalar, std::uint64_t> || std::same_as<Scalar, double>
  explicit Value(Scalar scalar) : value_(scalar) {}

  bool is_absent() const { return value_.index() == 0; }
  bool is_number() const { return value_.index() >= 2 && value_.index() <= 4; }
  // The text, where it is one.
  const std::string_view* text() const { return std::get_if<std::string_view>(&value_); }
  // The object or array, where it is one.
  const Json* container() const;
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  // The number, where it is one that is no integer to JSON.
  const double* real() const { return std::get_if<double>(&value_); }

  Json json() const;
  // Writes it as JSON text at the end of `out`.
  void append_json_to(std::string& out) const;
  // As a person reads it inside a text: texts as they are, everything else as compact JSON.
  std::string display() const;
  void append_display_to(std::string& out) const;

  // Like JSON values: `"3"` is not `3`, and `3` is `3.0`. Objects are equal whatever the order of
  // their members.
  bool equals(const Value& other) const;
  // Of two numbers, exactly, also where an integer has no double; nothing otherwise.
  std::optional<std::partial_ordering> compare(const Value& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string_view,
               const Json*>
      value_;
};

// As Value::equals, and the letters of texts are folded (ASCII) where `ignore_case` says so.
bool equal(const Value& a, const Value& b, bool ignore_case);

}  // namespace allocd
