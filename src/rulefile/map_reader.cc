#include "rulefile/map_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "diagnostics/closest_match.h"

namespace allocd {
namespace {

constexpr std::size_t kFewKeys = 16;  // up to here a look at each is faster than a table

// "`allocate` must be a map, not a text", "`match` is empty, expected a map".
std::string wrong_type(std::string_view what, std::string_view wanted, const LocatedValue& value) {
  std::string message(what);
  if (value.is_null()) return message + " is empty, expected " + std::string(wanted);
  return message + " must be " + std::string(wanted) + ", not " + std::string(kind_of(value));
}

std::string quote_it(const LocatedValue& value) {
  if (!value.is_number() && !value.is_bool()) return {};
  return "quote it: \"" + printable(value.range.text()) + '"';
}

}  // namespace

MapReader::MapReader(const LocatedValue& value, std::string what, Diagnostics& diagnostics)
    : what_(std::move(what)), range_(value.range), diagnostics_(&diagnostics) {
  if (value.is_map()) {
    map_ = &value.map();
    asked_.resize(map_->size());
  } else {
    diagnostics.error(range_, "wrong-type", wrong_type(what_, "a map", value));
  }
}

const LocatedMember* MapReader::member(std::string_view key) const {
  if (map_ == nullptr) return nullptr;
  if (map_->size() <= kFewKeys) {
    const auto found = std::find_if(map_->begin(), map_->end(),
                                    [&](const LocatedMember& m) { return m.key.value == key; });
    return found == map_->end() ? nullptr : &*found;
  }
  if (index_.empty())
    for (std::size_t i = 0; i < map_->size(); ++i) index_.emplace((*map_)[i].key.value, i);
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &(*map_)[found->second];
}

// A caller asks for few keys in general, but `known_` must not grow with repeated ones.
void MapReader::remember(std::string_view key) {
  if (known_.size() < kFewKeys) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    return;
  }
  if (known_set_.empty()) known_set_.insert(known_.begin(), known_.end());
  if (known_set_.emplace(key).second) known_.emplace_back(key);
}

const LocatedValue* MapReader::find(std::string_view key) {
  remember(key);
  const LocatedMember* const found = member(key);
  if (found == nullptr) return nullptr;
  asked_[static_cast<std::size_t>(found - map_->data())] = true;
  return &found->value;
}

const Located<std::string>* MapReader::key_of(std::string_view key) const {
  const LocatedMember* const found = member(key);
  return found == nullptr ? nullptr : &found->key;
}

const LocatedValue* MapReader::require(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr && is_map())
    diagnostics_->error(range_, "missing-key", "missing key " + in_backticks(key) + " in " + what_);
  return value;
}

std::optional<Located<std::string>> MapReader::text(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  return as_text(*value, in_backticks(key), *diagnostics_);
}

std::optional<Located<bool>> MapReader::boolean(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const bool* const flag = std::get_if<bool>(&value->value))
    return Located<bool>{*flag, value->range};
  // What YAML 1.1 took for bools is text by now.
  const std::string_view written = value->range.text();
  const bool old_bool = written == "yes" || written == "on" || written == "no" || written == "off";
  const std::string_view meant = written == "yes" || written == "on" ? "true" : "false";
  diagnostics_->error(value->range, "wrong-type",
                      wrong_type(in_backticks(key), "`true` or `false`", *value),
                      old_bool ? "write `" + std::string(meant) + "`; `" + std::string(written) +
                                     "` is a text in YAML 1.2"
                               : "");
  return std::nullopt;
}

std::optional<Located<std::int64_t>> MapReader::integer(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* const number = std::get_if<std::int64_t>(&value->value))
    return Located<std::int64_t>{*number, value->range};
  // A whole number is one however it is written: `1.0` is `1`.
  if (const auto* const real = std::get_if<double>(&value->value);
      real != nullptr && std::floor(*real) == *real && std::abs(*real) < 0x1p63)
    return Located<std::int64_t>{static_cast<std::int64_t>(*real), value->range};
  if (std::holds_alternative<std::uint64_t>(value->value))
    diagnostics_->error(value->range, "number-range",
                        in_backticks(key) + " must be at most " + std::to_string(INT64_MAX));
  else if (value->is_number())
    diagnostics_->error(value->range, "wrong-type", in_backticks(key) + " must be a whole number");
  else
    diagnostics_->error(value->range, "wrong-type",
                        wrong_type(in_backticks(key), "a whole number", *value));
  return std::nullopt;
}

std::optional<Located<double>> MapReader::number(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* const real = std::get_if<double>(&value->value))
    return Located<double>{*real, value->range};
  if (const auto* const whole = std::get_if<std::int64_t>(&value->value))
    return Located<double>{static_cast<double>(*whole), value->range};
  if (const auto* const large = std::get_if<std::uint64_t>(&value->value))
    return Located<double>{static_cast<double>(*large), value->range};
  diagnostics_->error(value->range, "wrong-type",
                      wrong_type(in_backticks(key), "a number", *value));
  return std::nullopt;
}

const LocatedValue* MapReader::list(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr || value->is_list()) return value;
  diagnostics_->error(value->range, "wrong-type", wrong_type(in_backticks(key), "a list", *value));
  return nullptr;
}

const LocatedValue* MapReader::map(std::string_view key) {
  const LocatedValue* const value = find(key);
  if (value == nullptr || value->is_map()) return value;
  diagnostics_->error(value->range, "wrong-type", wrong_type(in_backticks(key), "a map", *value));
  return nullptr;
}

std::vector<const LocatedMember*> MapReader::rest() {
  std::vector<const LocatedMember*> out;
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    if (!asked_[i]) out.push_back(&(*map_)[i]);
    asked_[i] = true;
  }
  return out;
}

void MapReader::finish() {
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const LocatedMember* const unknown : rest()) {
    // What is not kept needs no suggestion, which takes longer than all the rest.
    const bool kept = diagnostics_->all().size() < Diagnostics::kMaxKept;
    diagnostics_->error(unknown->key.range, "unknown-key",
                        "unknown key " + in_backticks(unknown->key.value) + " in " + what_,
                        kept ? suggestion(unknown->key.value, known) : std::string{});
  }
}

std::optional<Located<std::string>> as_text(const LocatedValue& value, std::string_view what,
                                            Diagnostics& diagnostics) {
  if (value.is_text()) return Located<std::string>{value.text(), value.range};
  diagnostics.error(value.range, "wrong-type", wrong_type(what, "a text", value), quote_it(value));
  return std::nullopt;
}

}  // namespace allocd
