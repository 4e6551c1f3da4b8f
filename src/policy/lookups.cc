#include "policy/lookups.h"

#include <algorithm>
#include <array>

#include "diagnostics/closest_match.h"
#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"
#include "policy/rule_spec.h"

namespace allocd {
namespace {

std::string_view root_of(std::string_view name) { return name.substr(0, name.find('.')); }

// The key as the request gives it, in `scratch` where it is no piece of the request. Empty where
// there is none: an empty text finds nothing.
std::string_view key_text(const Lookup& lookup, const FieldValues& values, std::string& scratch) {
  if (const auto* text = std::get_if<TextTemplate>(&lookup.key)) {
    static const Captures kNone;
    auto rendered = text->render({values, kNone, Moment(), {}});
    if (std::holds_alternative<RenderError>(rendered)) return {};
    return scratch = std::get<std::string>(std::move(rendered));
  }
  const Value& value = values[std::get<std::size_t>(lookup.key)];
  if (value.text() != nullptr) return *value.text();
  if (value.is_absent() || value.container() != nullptr) return {};
  return scratch = value.display();
}

const Json* inside(const Json& row, const std::vector<std::string>& path) {
  const Json* at = &row;
  for (const std::string& step : path) {
    if (at->is_array()) {
      const auto index = array_index(step);
      at = index && *index < at->size() ? &(*at)[*index] : nullptr;
    } else {
      at = member(*at, step);
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

bool is_lookup_name(std::string_view name) {
  const auto letter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_reserved_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> kWords = {"all",     "any", "hub",
                                                      "hubName", "now", "ignoreCase"};
  if (is_field_root(name) || std::find(kWords.begin(), kWords.end(), name) != kWords.end())
    return true;
  for (int i = 0; i <= static_cast<int>(Operator::Not); ++i)
    if (operator_name(static_cast<Operator>(i)) == name) return true;
  return false;
}

Lookups::Lookups(const std::vector<std::string>& names, bool complete) : complete_(complete) {
  for (const std::string& name : names) entries_.push_back({name, {}, {}});
}

std::vector<std::string_view> Lookups::names() const {
  std::vector<std::string_view> out;
  for (const Entry& entry : entries_)
    if (!entry.name.empty()) out.push_back(entry.name);
  return out;
}

std::size_t Lookups::find(std::string_view name) const {
  const std::string_view root = root_of(name);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return !root.empty() && e.name == root; });
  return static_cast<std::size_t>(found - entries_.begin());
}

std::optional<std::variant<Field, FieldError>> Lookups::parse(std::string_view name) const {
  const std::string_view root = root_of(name);
  const std::size_t lookup = find(name);
  const bool known = lookup < entries_.size();
  if (!known && (complete_ || !is_lookup_name(root) || is_reserved_name(root))) return std::nullopt;

  const LookupTable* table = known ? entries_[lookup].lookup.table.get() : nullptr;
  Field field{.name = std::string(name), .root = FieldRoot::Lookup, .path = {std::string(root)}};
  // What is not known is a mistake already, and no reason for warnings.
  field.always_there = table == nullptr;
  if (root.size() == name.size()) return field;
  std::string_view rest = name.substr(root.size() + 1);
  if (table != nullptr && table->has_columns()) {
    if (!table->column(rest)) {
      std::vector<std::string> names;
      for (const std::string& c : table->columns()) names.push_back(std::string(root) + '.' + c);
      return FieldError{"unknown field " + in_backticks(name),
                        suggestion(name, {names.begin(), names.end()})};
    }
    field.path.emplace_back(rest);
    field.is_column = true;
    return field;
  }
  if (table != nullptr && table->rows() > 0 && !table->has_members())
    return FieldError{
        "unknown field " + in_backticks(name),
        "the table's values have no members: " + in_backticks(root) + " is the value"};
  for (;;) {
    const std::size_t dot = rest.find('.');
    if (rest.substr(0, dot).empty())
      return FieldError{"empty name between dots in field " + in_backticks(name), ""};
    field.path.emplace_back(rest.substr(0, dot));
    if (dot == std::string_view::npos) return field;
    rest.remove_prefix(dot + 1);
  }
}

std::size_t Lookups::slot_of(const Field& field, std::size_t free) {
  const std::size_t lookup = find(field.path.front());
  std::vector<Read>& reads = lookup < entries_.size() ? entries_[lookup].reads : unknown_;
  // Those that are not known share a list, and so go by their whole path.
  const auto first = field.path.begin() + (&reads == &unknown_ ? 0 : 1);
  const std::vector<std::string> path(first, field.path.end());
  for (const Read& read : reads)
    if (read.path == path) return read.slot;
  reads.push_back({path, free});
  return free;
}

void Lookups::fill(FieldValues& values) const {
  std::string scratch;
  for (const auto& [name, lookup, reads] : entries_) {
    if (reads.empty()) continue;
    // INVARIANT: a set of which a table could not be read is not in force.
    const std::string_view key = key_text(lookup, values, scratch);
    const auto row = key.empty() ? std::nullopt : lookup.table->find(key);
    if (!row) continue;
    const LookupTable& table = *lookup.table;
    for (const Read& read : reads) {
      if (!table.has_columns()) {
        if (const Json* found = inside(table.value(*row), read.path))
          values.set(read.slot, Value(*found));
      } else if (read.path.empty()) {
        values.set(read.slot, Value(values.keep(table.whole(*row))));
      } else {
        values.set(read.slot, Value(table.text(*row, *table.column(read.path.front()))));
      }
    }
  }
}

}  // namespace allocd
