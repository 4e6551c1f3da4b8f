#include "policy/twin_limits.h"

#include <cmath>

namespace allocd {
namespace {

// C0 and C1 control characters (U+0000..U+001F, U+007F..U+009F) do not count.
std::size_t counted_bytes(std::string_view text) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte < 0x20 || byte == 0x7F) continue;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
      ++i;
      continue;
    }
    ++bytes;
  }
  return bytes;
}

std::optional<std::string> key_violation(std::string_view key) {
  if (key.empty()) return "an empty key";
  if (key.size() > TwinLimits::kKeyBytes)
    return "the key " + in_backticks(key.substr(0, 40)) + "…, longer than 1 KB";
  if (counted_bytes(key) != key.size())
    return "the key " + in_backticks(key) + ", which has a control character";
  if (const std::size_t bad = key.find_first_of(".$ "); bad != std::string_view::npos)
    return "the key " + in_backticks(key) + "; keys have no `.`, `$` or space";
  return std::nullopt;
}

// Of a scalar or null: containers are walked by the callers.
std::optional<std::string> scalar_violation(const Json& value) {
  if (value.is_null()) return "null, which an initial twin cannot hold";
  if (value.is_string() && value.get_ref<const std::string&>().size() > TwinLimits::kTextBytes)
    return "a text longer than 4 KB";
  const bool too_large =
      value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(TwinLimits::kLargestInteger);
  const bool too_small = value.is_number_integer() && !value.is_number_unsigned() &&
                         (value.get<std::int64_t>() < TwinLimits::kSmallestInteger ||
                          value.get<std::int64_t>() > TwinLimits::kLargestInteger);
  // A whole number is one to who reads it, however it was written.
  const bool whole_outside =
      value.is_number_float() && std::floor(value.get<double>()) == value.get<double>() &&
      (value.get<double>() < static_cast<double>(TwinLimits::kSmallestInteger) ||
       value.get<double>() > static_cast<double>(TwinLimits::kLargestInteger));
  if (too_large || too_small || whole_outside)
    return "the number " + value.dump() + ", outside -4503599627370496..4503599627370495";
  return std::nullopt;
}

std::size_t scalar_bytes(const Json& value) {
  if (value.is_string()) return counted_bytes(value.get_ref<const std::string&>());
  return value.is_boolean() ? 4 : 8;
}

// Adds up the size, and stops at the first violation.
std::optional<std::string> walk(const Json& value, std::size_t depth, std::size_t& bytes) {
  if (value.is_object()) {
    if (depth > TwinLimits::kDepth) return "objects nested deeper than 10";
    for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
      if (auto violation = key_violation(key)) return violation;
      bytes += counted_bytes(key);
      if (auto violation = walk(member, depth + 1, bytes)) return violation;
    }
    return std::nullopt;
  }
  if (value.is_array()) {
    for (const Json& item : value)
      if (auto violation = walk(item, depth + 1, bytes)) return violation;
    return std::nullopt;
  }
  if (auto violation = scalar_violation(value)) return violation;
  bytes += scalar_bytes(value);
  return std::nullopt;
}

std::string too_large(std::string_view name, std::size_t bytes, std::size_t max_bytes) {
  return in_backticks(name) + " takes " + std::to_string(bytes) +
         " bytes, and a twin holds at most " + std::to_string(max_bytes);
}

class AuthorsTwin {
 public:
  AuthorsTwin(std::string_view name, Diagnostics& diagnostics)
      : name_(name), diagnostics_(diagnostics) {}

  void walk(const LocatedValue& value, std::size_t depth) {
    if (value.is_map()) {
      if (depth > TwinLimits::kDepth) return report(value.range, "objects nested deeper than 10");
      for (const LocatedMember& m : value.map()) {
        if (const auto violation = key_violation(m.key.value)) report(m.key.range, *violation);
        bytes_ += counted_bytes(m.key.value);
        walk(m.value, depth + 1);
      }
    } else if (value.is_list()) {
      for (const LocatedValue& item : value.list()) walk(item, depth + 1);
    } else if (value.is_text() && value.text().find("${") != std::string::npos) {
      return;
    } else {
      const Json json = value.json();
      if (const auto violation = scalar_violation(json)) {
        report(value.range, *violation);
      } else {
        bytes_ += scalar_bytes(json);
      }
    }
  }

  std::size_t bytes() const { return bytes_; }

 private:
  void report(const SourceRange& at, const std::string& violation) {
    diagnostics_.error(at, "twin-limit", in_backticks(name_) + " has " + violation,
                       "IoT Hub refuses such a twin, and the device with it");
  }

  std::string_view name_;
  Diagnostics& diagnostics_;
  std::size_t bytes_ = 0;
};

}  // namespace

std::optional<std::string> twin_violation(const Json& section, std::string_view name,
                                          std::size_t max_bytes) {
  std::size_t bytes = 0;
  // The section itself is the ground that the ten levels stand on.
  if (const auto violation = walk(section, 0, bytes))
    return in_backticks(name) + " has " + *violation;
  if (bytes > max_bytes) return too_large(name, bytes, max_bytes);
  return std::nullopt;
}

void check_twin(const LocatedValue& section, std::string_view name, std::size_t max_bytes,
                Diagnostics& diagnostics) {
  AuthorsTwin twin(name, diagnostics);
  twin.walk(section, 0);
  if (twin.bytes() > max_bytes)
    diagnostics.error(section.range, "twin-limit", too_large(name, twin.bytes(), max_bytes),
                      "IoT Hub refuses such a twin, and the device with it");
}

}  // namespace allocd
