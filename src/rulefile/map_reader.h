// Reads a map of a file key by key. The keys that are asked for are the keys that exist: what
// nobody asked for is reported by finish(), with a suggestion. There is no second list of keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/located_value.h"

namespace allocd {

class MapReader {
 public:
  // `what` names the map in messages: "rule", "`allocate`", "`match` of a rule". A value that is
  // no map is reported [wrong-type] and reads as an empty map, for which finish() is silent.
  // `value` and `diagnostics` must outlive the reader.
  MapReader(const LocatedValue& value, std::string what, Diagnostics& diagnostics);

  bool is_map() const { return map_ != nullptr; }

  // The value of a key, whatever it is; null pointer where the key is not there.
  const LocatedValue* find(std::string_view key);
  // The key as written (its range), null pointer where it is not there. Does not count as asked
  // for.
  const Located<std::string>* key_of(std::string_view key) const;
  // As find(), and reports [missing-key] where the key is not there.
  const LocatedValue* require(std::string_view key);

  // A value of the type, or nothing where the key is not there or holds something else, which is
  // reported [wrong-type]. A number or bool where a text belongs is told to be quoted.
  std::optional<Located<std::string>> text(std::string_view key);
  std::optional<Located<bool>> boolean(std::string_view key);
  std::optional<Located<std::int64_t>> integer(std::string_view key);
  std::optional<Located<double>> number(std::string_view key);
  const LocatedValue* list(std::string_view key);  // guaranteed to be a list
  const LocatedValue* map(std::string_view key);   // guaranteed to be a map

  // Keys that nobody has asked for yet, in the order of the file: for maps whose keys are names
  // (`templates`, `match`). They count as asked for from then on.
  std::vector<const LocatedMember*> rest();

  // Reports every key that was not asked for [unknown-key].
  void finish();

  const SourceRange& range() const { return range_; }

 private:
  const LocatedMember* member(std::string_view key) const;
  void remember(std::string_view key);

  std::string what_;
  SourceRange range_;
  Diagnostics* diagnostics_;
  const LocatedValue::Map* map_ = nullptr;
  std::vector<bool> asked_;                                          // by position in the map
  std::vector<std::string> known_;                                   // keys asked for, there or not
  std::unordered_set<std::string> known_set_;                        // the same, for many only
  mutable std::unordered_map<std::string_view, std::size_t> index_;  // for many keys only
};

// `value` as a text; reports [wrong-type] naming `what`, and that a number or bool wants quotes.
std::optional<Located<std::string>> as_text(const LocatedValue& value, std::string_view what,
                                            Diagnostics& diagnostics);

}  // namespace allocd
