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

// Nothing where the value cannot be made one.
std::optional<Value> as_integer(const Value& value) {
  if (const double* number = value.real()) {
    if (std::floor(*number) != *number || std::abs(*number) >= 0x1p63) return std::nullopt;
    return Value(static_cast<std::int64_t>(*number));
  }
  if (value.is_number()) return value;
  if (value.text() == nullptr) return std::nullopt;
  if (const auto number = to_integer(*value.text())) return Value(*number);
  return std::nullopt;
}

std::optional<Value> as_number(const Value& value) {
  if (value.is_number()) return value;
  if (value.text() == nullptr) return std::nullopt;
  if (const auto integer = to_integer(*value.text())) return Value(*integer);
  if (const auto number = to_number(*value.text())) return Value(*number);
  return std::nullopt;
}

std::optional<Value> as_bool(const Value& value) {
  if (value.boolean() != nullptr) return value;
  if (value.text() == nullptr) return std::nullopt;
  if (equal_ignoring_case(*value.text(), "true")) return Value(true);
  if (equal_ignoring_case(*value.text(), "false")) return Value(false);
  return std::nullopt;
}

// `value` may be a text in `scratch`.
std::optional<Value> filtered_by(Filter filter, const Value& value, std::string& scratch) {
  const auto kept = [&scratch](std::string text) {
    scratch = std::move(text);
    return Value(std::string_view(scratch));
  };
  switch (filter) {
    case Filter::Lower:
    case Filter::Upper:
      if (value.text() == nullptr) return std::nullopt;
      return kept(filter == Filter::Lower ? lower(*value.text()) : upper(*value.text()));
    case Filter::Int: return as_integer(value);
    case Filter::Number: return as_number(value);
    case Filter::Bool: return as_bool(value);
    case Filter::String: return value.text() != nullptr ? value : kept(value.display());
  }
  return std::nullopt;
}

std::string_view filter_name(Filter filter) {
  constexpr std::string_view kNames[] = {"lower", "upper", "int", "number", "bool", "string"};
  return kNames[static_cast<std::size_t>(filter)];
}

// Absent where the request has none.
Value fetch(const Reference& reference, const RenderContext& context, std::string& scratch) {
  switch (reference.source) {
    case Reference::Source::Field: return context.fields[reference.index];
    case Reference::Source::Variable: {
      const auto& capture = context.captures[reference.index];
      return capture ? Value(*capture) : Value();
    }
    case Reference::Source::Hub: return Value(context.hub);
    case Reference::Source::HubName: return Value(context.hub.substr(0, context.hub.find('.')));
    case Reference::Source::Now:
      scratch = format_moment(context.now);
      return Value(std::string_view(scratch));
  }
  return {};
}

}  // namespace

std::string format_moment(Moment moment) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::variant<Value, RenderError> Reference::value(const RenderContext& context,
                                                  std::string& scratch) const {
  Value value = fetch(*this, context, scratch);
  if (value.is_absent()) {
    if (!fallback)
      return RenderError{in_backticks(name) +
                         (looked_up ? " is not in its table" : " is not in the request")};
    value = Value(std::string_view(*fallback));
  }
  for (const Filter filter : filters) {
    const std::optional<Value> filtered = filtered_by(filter, value, scratch);
    if (!filtered)
      return RenderError{in_backticks(name) + " is `" + printable(value.display(), 60) +
                         "`, which `" + std::string(filter_name(filter)) + "` cannot take"};
    value = *filtered;
  }
  return value;
}

}  // namespace allocd
