#include "policy/lookup_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include "policy/letter_case.h"

namespace allocd {
namespace {

std::size_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

constexpr unsigned kRowBits = 28;
constexpr std::uint32_t kRowMask = (std::uint32_t{1} << kRowBits) - 1;

// The bits of a hash that say nothing about the slot.
std::uint32_t tag_of(std::size_t hash) {
  return static_cast<std::uint32_t>(hash >> (sizeof hash * 8 - (32 - kRowBits))) << kRowBits;
}

// Keys are IDs: nearly all fit the buffer.
std::size_t hash_ignoring_case(std::string_view text) {
  char buffer[128];
  if (text.size() > sizeof buffer) return hash_of(lower(text));
  std::transform(text.begin(), text.end(), buffer, [](char c) { return lower(c); });
  return hash_of({buffer, text.size()});
}

}  // namespace

LookupTable::LookupTable(std::vector<std::string> columns, std::size_t key_column, bool ignore_case)
    : columns_(std::move(columns)), key_column_(key_column), ignore_case_(ignore_case) {}

void LookupTable::add_field(std::string_view text) {
  if (fields_in_row_ == 0) starts_.push_back(static_cast<std::uint32_t>(texts_.size()));
  if (++fields_in_row_ == columns_.size()) fields_in_row_ = 0;
  texts_ += text;
  texts_ += '\0';
}

void LookupTable::add_row(std::string_view key, Json value) {
  starts_.push_back(static_cast<std::uint32_t>(texts_.size()));
  texts_ += key;
  texts_ += '\0';
  has_members_ = has_members_ || value.is_structured();
  values_.push_back(std::move(value));
}

std::size_t LookupTable::hash(std::string_view key) const {
  return ignore_case_ ? hash_ignoring_case(key) : hash_of(key);
}

std::vector<LookupTable::Duplicate> LookupTable::index(std::size_t most) {
  starts_.shrink_to_fit();
  slots_.assign(std::bit_ceil(starts_.size() + starts_.size() / 3 + 1), 0);
  const std::size_t last = slots_.size() - 1;
  std::vector<Duplicate> duplicates;
  for (Row row = 0; row < starts_.size(); ++row) {
    const std::string_view own = key(row);
    const std::size_t hashed = hash(own);
    std::size_t at = hashed & last;
    while (slots_[at] != 0 && !is(slots_[at], tag_of(hashed), own)) at = (at + 1) & last;
    if (slots_[at] == 0) {
      slots_[at] = (row + 1) | tag_of(hashed);
    } else if (duplicates.size() < most) {
      duplicates.push_back({row, (slots_[at] & kRowMask) - 1});
    }
  }
  return duplicates;
}

bool LookupTable::is(std::uint32_t slot, std::uint32_t tag, std::string_view wanted) const {
  if ((slot & ~kRowMask) != tag) return false;
  const std::string_view own = key((slot & kRowMask) - 1);
  return ignore_case_ ? equal_ignoring_case(own, wanted) : own == wanted;
}

std::optional<LookupTable::Row> LookupTable::find(std::string_view wanted) const {
  const std::size_t hashed = hash(wanted);
  const std::size_t last = slots_.size() - 1;
  for (std::size_t at = hashed & last; slots_[at] != 0; at = (at + 1) & last)
    if (is(slots_[at], tag_of(hashed), wanted)) return (slots_[at] & kRowMask) - 1;
  return std::nullopt;
}

std::optional<std::size_t> LookupTable::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::string_view LookupTable::text(Row row, std::size_t column) const {
  const char* field = texts_.data() + starts_[row];
  for (; column > 0; --column) field += std::strlen(field) + 1;
  return field;
}

Json LookupTable::whole(Row row) const {
  if (!has_columns()) return values_[row];
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  std::string_view field = text(row, 0);
  for (const std::string& name : columns_) {
    members.emplace_back(name, std::string(field));
    field = &name == &columns_.back() ? field : std::string_view(field.data() + field.size() + 1);
  }
  return out;
}

std::size_t LookupTable::bytes() const {
  return texts_.capacity() + (starts_.capacity() + slots_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace allocd
