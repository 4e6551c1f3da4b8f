// The lookups of a rule set: fields that come from tables. What flows in: the values of a request's
// own fields; what flows out: those of the rows that they lead to.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "policy/field.h"
#include "policy/field_table.h"
#include "policy/lookup_table.h"
#include "policy/text_template.h"

namespace allocd {

struct Lookup {
  std::shared_ptr<const LookupTable> table;     // null where it could not be read
  std::variant<std::size_t, TextTemplate> key;  // a field's slot, or a text to fill in
};

// Filled while a rule set is compiled, only read afterwards; safe to share between threads then.
class Lookups {
 public:
  // In the order of the set; an empty name is that of one which was refused. Of a set that is not
  // complete, a name that is not known here may still be a lookup's.
  Lookups(const std::vector<std::string>& names, bool complete);

  void set(std::size_t lookup, Lookup value) { entries_[lookup].lookup = std::move(value); }

  // Whether the name, up to its first dot, is a lookup's.
  bool has(std::string_view name) const { return find(name) < entries_.size(); }
  std::vector<std::string_view> names() const;

  // The field of that name: `device` (the row), `device.serial`. Nothing where it is no lookup's.
  std::optional<std::variant<Field, FieldError>> parse(std::string_view name) const;
  // The slot of such a field: its own, or from now on `free`.
  std::size_t slot_of(const Field& field, std::size_t free);

  // Whether a field of this lookup has a slot.
  bool is_read(std::size_t lookup) const { return !entries_[lookup].reads.empty(); }

  // Looks up whatever has a slot. What is not found stays absent.
  void fill(FieldValues& values) const;

 private:
  struct Read {
    std::vector<std::string> path;  // from the row on; empty: the row itself
    std::size_t slot = 0;
  };
  struct Entry {
    std::string name;
    Lookup lookup;
    std::vector<Read> reads;
  };

  std::size_t find(std::string_view name) const;

  std::vector<Entry> entries_;
  std::vector<Read> unknown_;  // of lookups that may stand in a file that could not be read
  bool complete_ = true;
};

// Whether a lookup may have this name: letters, digits and `_`, beginning with a letter.
bool is_lookup_name(std::string_view name);

// Whether the name means something else in rules: a field, an operator, `all`, `hub`, `now` …
bool is_reserved_name(std::string_view name);

}  // namespace allocd
