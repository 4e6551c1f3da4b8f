// Fetching and filtering the value of one `${..}`.
#include <charconv>
#include <cmath>
#include <ctime>
#include <utility>

#include "policy/letter_case.h"
#include "policy/text_template.h"
#include "policy/value.h"

namespace allocd {
namespace {

std::optional<double> to_number(std::string_view text) {
  // from_chars knows words such as `inf`, which are no numbers in JSON.
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
    return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Json> as_integer(const Json& value) {
  if (value.is_number_integer()) return value;
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::floor(number) != number || std::abs(number) >= 0x1p63) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  if (const auto number = to_integer(value.get_ref<const std::string&>())) return *number;
  return std::nullopt;
}

std::optional<Json> as_number(const Json& value) {
  if (value.is_number()) return value;
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  if (const auto integer = to_integer(text)) return *integer;
  if (const auto number = to_number(text)) return *number;
  return std::nullopt;
}

std::optional<Json> as_bool(const Json& value) {
  if (value.is_boolean()) return value;
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  if (equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<Json> filtered_by(Filter filter, const Json& value) {
  switch (filter) {
    case Filter::Lower:
    case Filter::Upper: {
      if (!value.is_string()) return std::nullopt;
      const std::string& text = value.get_ref<const std::string&>();
      return filter == Filter::Lower ? lower(text) : upper(text);
    }
    case Filter::Int: return as_integer(value);
    case Filter::Number: return as_number(value);
    case Filter::Bool: return as_bool(value);
    case Filter::String: return Value(value).display();
  }
  return std::nullopt;
}

std::string_view filter_name(Filter filter) {
  constexpr std::string_view kNames[] = {"lower", "upper", "int", "number", "bool", "string"};
  return kNames[static_cast<std::size_t>(filter)];
}

std::optional<Json> fetch(const Reference& reference, const RenderContext& context) {
  switch (reference.source) {
    case Reference::Source::Field: {
      const Value& value = context.fields[reference.index];
      if (value.is_absent()) return std::nullopt;
      return value.json();
    }
    case Reference::Source::Variable: {
      const auto& capture = context.captures[reference.index];
      if (!capture) return std::nullopt;
      return std::string(*capture);
    }
    case Reference::Source::Hub: return std::string(context.hub);
    case Reference::Source::HubName:
      return std::string(context.hub.substr(0, context.hub.find('.')));
    case Reference::Source::Now: return format_moment(context.now);
  }
  return std::nullopt;
}

}  // namespace

std::string format_moment(Moment moment) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::variant<Json, RenderError> Reference::value(const RenderContext& context) const {
  std::optional<Json> value = fetch(*this, context);
  if (!value) {
    if (!fallback) return RenderError{in_backticks(name) + " is not in the request"};
    value = *fallback;
  }
  for (const Filter filter : filters) {
    std::optional<Json> filtered = filtered_by(filter, *value);
    if (!filtered) {
      const std::string text = Value(*value).display();
      return RenderError{in_backticks(name) + " is `" + printable(text, 60) + "`, which `" +
                         std::string(filter_name(filter)) + "` cannot take"};
    }
    value = std::move(filtered);
  }
  return *std::move(value);
}

}  // namespace allocd
