#include "policy/twin_limits.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace allocd {
namespace {

// C0 and C1 control characters (U+0000..U+001F, U+007F..U+009F) do not count.
std::size_t counted_bytes(std::string_view text) {
  const auto may_not_count = [](char c) {
    return (c >= 0 && c < 0x20) || c == 0x7F || c == '\xC2';
  };
  if (std::none_of(text.begin(), text.end(), may_not_count)) return text.size();
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
  if (std::any_of(key.begin(), key.end(), [](char c) { return c == '.' || c == '$' || c == ' '; }))
    return "the key " + in_backticks(key) + "; keys have no `.`, `$` or space";
  return std::nullopt;
}

// Of a scalar or null: containers are walked by the callers.
std::optional<std::string> scalar_violation(const Value& value) {
  if (value.is_absent()) return "null, which an initial twin cannot hold";
  if (value.text() != nullptr && value.text()->size() > TwinLimits::kTextBytes)
    return "a text longer than 4 KB";
  // A whole number is one to who reads it, however it was written.
  const bool whole =
      value.is_number() && (value.real() == nullptr || std::floor(*value.real()) == *value.real());
  if (whole && (*value.compare(Value(TwinLimits::kSmallestInteger)) < 0 ||
                *value.compare(Value(TwinLimits::kLargestInteger)) > 0))
    return "the number " + value.display() + ", outside -4503599627370496..4503599627370495";
  return std::nullopt;
}

std::size_t scalar_bytes(const Value& value) {
  if (value.text() != nullptr) return counted_bytes(*value.text());
  return value.boolean() != nullptr ? 4 : 8;
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
      const Value scalar(json);
      if (const auto violation = scalar_violation(scalar)) {
        report(value.range, *violation);
      } else {
        bytes_ += scalar_bytes(scalar);
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

void TwinMeter::judge(std::optional<std::string> violation) {
  if (!first_) first_ = std::move(violation);
}

void TwinMeter::open_object(std::size_t depth) {
  // The section itself is the ground that the ten levels stand on.
  if (depth > TwinLimits::kDepth) judge("objects nested deeper than 10");
}

void TwinMeter::add_key(std::string_view key) {
  judge(key_violation(key));
  bytes_ += counted_bytes(key);
}

void TwinMeter::add(const Value& value, std::size_t depth) {
  const Json* container = value.container();
  if (container == nullptr) {
    judge(scalar_violation(value));
    bytes_ += scalar_bytes(value);
  } else if (container->is_object()) {
    open_object(depth);
    for (const auto& [key, member] : container->get_ref<const Json::object_t&>()) {
      add_key(key);
      add(Value(member), depth + 1);
    }
  } else {
    for (const Json& item : *container) add(Value(item), depth + 1);
  }
}

std::optional<std::string> TwinMeter::violation(std::string_view name,
                                                std::size_t max_bytes) const {
  if (first_) return in_backticks(name) + " has " + *first_;
  if (bytes_ > max_bytes) return too_large(name, bytes_, max_bytes);
  return std::nullopt;
}

std::optional<std::string> twin_violation(const Json& section, std::string_view name,
                                          std::size_t max_bytes) {
  TwinMeter meter;
  meter.add(Value(section), 0);
  return meter.violation(name, max_bytes);
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
