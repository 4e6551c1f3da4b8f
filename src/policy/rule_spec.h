// Rules as their authors wrote them: shapes checked, meanings not yet, every part knowing its
// place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "diagnostics/source_file.h"
#include "policy/decision.h"
#include "policy/located_value.h"
#include "policy/rendezvous.h"
#include "policy/sample_request.h"
#include "policy/share.h"

namespace allocd {

class LookupTable;

enum class Operator {
  Equals,
  In,
  Matches,
  Search,
  Contains,
  StartsWith,
  EndsWith,
  Glob,
  Exists,
  Greater,
  GreaterOrEqual,
  Less,
  LessOrEqual,
  Version,
  Not
};

// "equals", "in", …, "not": the word in rule files.
std::string_view operator_name(Operator op);

struct OperatorSpec;

// What a field is held against: all operators must hold. A scalar or list written in place of
// operators is `equals` or `in`.
struct OperatorsSpec {
  std::vector<OperatorSpec> operators;
  std::optional<bool> ignore_case;
  SourceRange range;
};

struct OperatorSpec {
  Operator op = Operator::Equals;
  SourceRange name;       // where the operator's word stands; the value, where there is none
  LocatedValue operand;   // of all but Not
  OperatorsSpec negated;  // of Not
};

struct FieldMatcherSpec {
  Located<std::string> field;
  OperatorsSpec operators;
};

// `all`, `any`, `not`, or a map of `match` as a whole (which is an `all`).
struct MatcherGroupSpec;
using MatcherSpec = std::variant<FieldMatcherSpec, MatcherGroupSpec>;

struct MatcherGroupSpec {
  enum class Kind { All, Any, Not } kind = Kind::All;
  std::vector<MatcherSpec> parts;
  SourceRange range;
};

struct TwinSpec {
  std::optional<Located<std::string>> template_name;
  std::optional<LocatedValue> tags;     // a map, or a text that is one `${..}`
  std::optional<LocatedValue> desired;  // likewise
  SourceRange range;
};

struct TemplateSpec {
  Located<std::string> name;
  TwinSpec twin;
};

struct RefusalSpec {
  Outcome outcome = Outcome::Reject;
  Located<std::string> text;
};

// `onNoHub: continue`.
struct ContinueSpec {
  SourceRange range;
};

struct PickSpec {
  enum class Kind { First, Last, Index, Spread } kind = Kind::First;
  std::size_t index = 0;
};

struct WeightSpec {
  Located<std::string> pattern;
  Weight weight;
};

// What stands beside `pick: spread`.
struct SpreadSpec {
  std::optional<Located<std::string>> by;
  std::vector<WeightSpec> weights;  // in the order of the file
};

struct AllocateSpec {
  // Patterns in order of preference, or operators that hold a hub's name.
  std::variant<std::vector<Located<std::string>>, OperatorsSpec> hub;
  PickSpec pick;
  SpreadSpec spread;  // of PickSpec::Kind::Spread
  bool keep_current = false;
  std::optional<TwinSpec> initial_twin;
  std::optional<LocatedValue> payload;
  std::variant<std::monostate, RefusalSpec, ContinueSpec> on_no_hub;
  SourceRange range;
};

struct RuleSpec {
  Located<std::string> name;
  std::string product_line;
  std::string description;
  MatcherGroupSpec match;  // All; without parts where every device matches
  std::optional<Share> rollout;
  std::variant<RefusalSpec, AllocateSpec> outcome;
  std::vector<Located<SampleRequest>> examples;
};

struct LookupSpec {
  Located<std::string> name;
  Located<std::string> table;                  // a path, relative to the file
  Located<std::string> key;                    // a field, or a text with `${..}`
  std::optional<Located<std::string>> column;  // where the table has the keys
  SourceRange range;
  std::shared_ptr<const LookupTable> rows;  // what `table` holds; null where it could not be read
};

// Everything that the files of a set say.
struct RuleSetSpec {
  std::vector<RuleSpec> rules;
  std::vector<TemplateSpec> templates;
  std::vector<LookupSpec> lookups;
  // False where a file could not be read as a whole: what seems to be missing may stand there.
  bool complete = true;
};

}  // namespace allocd
