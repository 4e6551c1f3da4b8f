// What a rule asks of a request, compiled: operators on fields, and `all`, `any`, `not` of them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/captures.h"
#include "policy/field_table.h"
#include "policy/glob.h"
#include "policy/memory_lines.h"
#include "policy/regex.h"
#include "policy/rule_spec.h"
#include "policy/text_template.h"
#include "policy/trace.h"
#include "policy/value.h"
#include "policy/version_range.h"

namespace allocd {

struct CompiledOperator;

// Operators that must all hold for one value. Immutable, safe to share between threads.
class Operators {
 public:
  // Stops at the first operator that fails. An absent value holds no operator but `exists: false`
  // and `not`. Groups of regular expressions fill `captures` where it is not null. With `trace`,
  // every operator that was tried is appended to it, under the name `field`.
  bool hold(const Value& value, Captures* captures, std::string_view field = {},
            std::vector<MatcherTrace>* trace = nullptr) const;

  const std::vector<CompiledOperator>& all() const { return operators_; }

  // What holding them against a value reads, but for itself.
  void add_to(MemoryLines& out) const;

 private:
  friend class MatcherCompiler;
  std::vector<CompiledOperator> operators_;
};

// `equals` and `in` with letters folded or not.
struct OneOf {
  std::vector<Json> values;
  bool ignore_case = false;
};

struct TextPart {
  enum class Where { Anywhere, Start, End } where = Where::Anywhere;
  std::string text;  // lower case where case is ignored
  bool ignore_case = false;
};

struct Pattern {
  Regex regex;
  std::vector<std::size_t> variables;  // where the regex's named groups go, in their order
};

struct Presence {
  bool expected = true;
};

struct Bound {
  Operator op = Operator::Greater;
  Json number;
};

struct CompiledOperator {
  Operator op = Operator::Equals;
  Json operand;  // as written, for people
  std::variant<OneOf, TextPart, Pattern, Glob, Presence, Bound, VersionRange, Operators> test;
  bool ignore_case = false;

  bool holds(const Value& value, Captures* captures) const;
};

struct FieldMatcher {
  std::string field;
  std::size_t slot = 0;
  Operators operators;
};

// Immutable, safe to share between threads.
class Matcher {
 public:
  using Kind = MatcherGroupSpec::Kind;
  struct Group;
  using Part = std::variant<FieldMatcher, Group>;
  struct Group {
    Kind kind = Kind::All;
    std::vector<Part> parts;
    // The variables that matchers in here fill: [first, end).
    std::size_t first_variable = 0;
    std::size_t end_variable = 0;
  };

  // Whether everything holds. Stops at the first part that settles it. `captures` has room for the
  // rule's variables, all absent; those of parts that were not tried, or did not hold, stay so.
  bool holds(const FieldValues& fields, Captures& captures,
             std::vector<MatcherTrace>* trace = nullptr) const;

  const Group& parts() const { return all_; }

  // What holding it against a request reads, but for itself.
  void add_to(MemoryLines& out) const;

 private:
  friend class MatcherCompiler;
  Group all_;
};

// The variables that a rule's matchers fill, by name.
using Variables = std::map<std::string, Variable, std::less<>>;

// Turns what was written into matchers. One compiler serves one rule.
class MatcherCompiler {
 public:
  MatcherCompiler(FieldTable& fields, Diagnostics& diagnostics)
      : fields_(fields), diagnostics_(diagnostics) {}

  // Reports what is wrong: [unknown-field], [wrong-type], [bad-regex], [bad-version],
  // [empty-pattern], [empty-list], [duplicate-capture], [reserved-capture].
  Matcher compile(const MatcherGroupSpec& match);

  // Operators on a hub's name, for which letter case does not count. They capture nothing.
  Operators compile_hub(const OperatorsSpec& spec);

  const Variables& variables() const { return variables_; }

 private:
  // How operators are read at the place where they stand.
  struct Place {
    bool ignore_case = false;
    bool conditional = false;  // under `any` or `not`
    bool captures = true;
  };

  Matcher::Group compile_group(const MatcherGroupSpec& spec, bool conditional);
  Operators compile_operators(const OperatorsSpec& spec, Place place);
  // Warns of what no request can have: a number as registration ID [never-holds].
  void warn_of_impossible(const Field& field, const OperatorsSpec& spec);
  void compile_operator(const OperatorSpec& spec, Place place, Operators& out);
  void compile_regex(const OperatorSpec& spec, Place place, Operators& out);
  void compile_list(const OperatorSpec& spec, Place place, Operators& out);
  std::vector<std::size_t> new_variables(const Regex& regex, Place place, const SourceRange& at);
  // The operand's text; reports and returns null where it is none, or empty.
  const std::string* pattern_text(const OperatorSpec& spec);

  FieldTable& fields_;
  Diagnostics& diagnostics_;
  Variables variables_;
};

// Names of the fields that are there whenever `match` holds.
std::vector<std::string> ensured_fields(const MatcherGroupSpec& match);

}  // namespace allocd
