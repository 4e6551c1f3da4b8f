// Finds the rules that a request may match without trying them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/aho_corasick.h"
#include "policy/field_table.h"
#include "policy/read_ahead.h"
#include "policy/shape.h"

namespace allocd {

struct Rule;

// Every rule is filed under clues (clues.h), one of which is there whenever its matchers hold: a
// value that a field has, or a literal that stands in it. A rule that needs none is a candidate
// for every request. So a rule that is left out cannot match, and a candidate still may not.
// Immutable, safe to share between threads.
class RuleIndex {
 public:
  explicit RuleIndex(const std::vector<Rule>& rules);

  // Candidates in the order of the rules, found as they are asked for; what they read is asked for
  // ahead. One at a time is in use in a thread: it lives in buffers of the thread.
  class Candidates {
   public:
    // The number of the next rule to try; nothing where there are no more.
    std::optional<std::size_t> next();

   private:
    friend class RuleIndex;
    // All rules from `first` to `end`, or those of the thread's lists.
    std::size_t first_ = 0;
    std::size_t end_ = 0;
    const RuleIndex* listed_by_ = nullptr;
  };

  Candidates candidates(const FieldValues& fields) const;
  // Every rule.
  Candidates all() const;

  const ReadAhead& read_ahead() const { return read_ahead_; }

  // What it holds in memory.
  std::size_t bytes() const;

 private:
  // Rules in order: a part of filed_. Or, with kOneRule as its end, the rule `first` alone, for
  // which no further place in memory has to be looked at.
  struct List {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
  };
  static constexpr std::uint32_t kOneRule = static_cast<std::uint32_t>(-1);
  struct HashedList {
    std::uint64_t hash = 0;
    List rules;
  };
  struct PlacedList {
    bool at_start = false;
    bool at_end = false;
    List rules;
  };
  // What is filed under one field.
  struct Shelf {
    std::size_t slot = 0;
    List present;
    std::vector<HashedList> values;  // by their hash, open addressing; a power of two, or none
    AhoCorasick literals;
    std::vector<std::uint32_t> first_placed;  // of a literal's lists; one more at the end
    std::vector<PlacedList> placed;
    ShapeTable shapes;
  };
  struct Filer;

  void find_values(const Shelf& shelf, std::uint64_t hash) const;
  void find_literals(const Shelf& shelf, std::string_view text) const;
  void add(const List& list) const;
  void add(const std::uint32_t* first, const std::uint32_t* end) const;

  std::size_t rules_ = 0;
  bool small_ = true;  // so that looking up takes longer than trying
  std::vector<std::uint32_t> filed_;
  List always_;
  std::vector<Shelf> shelves_;
  ReadAhead read_ahead_;
};

}  // namespace allocd
