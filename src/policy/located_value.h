// A JSON value as an author wrote it: every part knows its place. What rule files are made of
// before they mean anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "diagnostics/source_file.h"

namespace allocd {

// JSON whose objects keep the order in which they were written.
using Json = nlohmann::ordered_json;

struct LocatedMember;

// A tree. Maps keep their order and have no key twice. Owns its texts; the ranges are valid as
// long as the source file is.
struct LocatedValue {
  using Null = std::monostate;
  using List = std::vector<LocatedValue>;
  using Map = std::vector<LocatedMember>;

  std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string, List, Map> value;
  SourceRange range;
  // Whether a scalar stands there without quotes: what is then cut off by ` #`, say, concerns us.
  bool plain = false;

  bool is_null() const { return std::holds_alternative<Null>(value); }
  bool is_bool() const { return std::holds_alternative<bool>(value); }
  bool is_number() const { return value.index() >= 2 && value.index() <= 4; }
  bool is_text() const { return std::holds_alternative<std::string>(value); }
  bool is_list() const { return std::holds_alternative<List>(value); }
  bool is_map() const { return std::holds_alternative<Map>(value); }
  bool is_scalar() const { return !is_list() && !is_map() && !is_null(); }

  const std::string& text() const { return std::get<std::string>(value); }
  const List& list() const { return std::get<List>(value); }
  const Map& map() const { return std::get<Map>(value); }

  // ", not a number", or ", but there is nothing": the end of a message about a wrong type.
  std::string instead() const;
  // The null in this value, or somewhere in it; null pointer where there is none.
  const LocatedValue* find_null() const;
  // The value without its places.
  Json json() const;
};

struct LocatedMember {
  Located<std::string> key;
  LocatedValue value;
};

// "a text", "a number", "a map" …: what to call a value in a message.
std::string_view kind_of(const LocatedValue& value);

}  // namespace allocd
