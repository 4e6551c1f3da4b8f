// Texts with `${..}` in them: taken apart once at load, filled in for every request.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/captures.h"
#include "policy/field_table.h"
#include "policy/located_value.h"
#include "policy/memory_lines.h"
#include "policy/value.h"

namespace allocd {

// The moment that `${now}` stands for. Handed in, so that deciding needs no clock.
using Moment = std::chrono::system_clock::time_point;

// What `${..}` is filled in from. All of it must outlive the rendering.
struct RenderContext {
  const FieldValues& fields;
  const Captures& captures;
  Moment now;
  std::string_view hub;  // the chosen host name; empty before one is chosen
};

// Why a template could not be filled in: "`payload.model` is not in the request".
struct RenderError {
  std::string message;
};

// A variable of a rule, and whether it may have no value though the rule matches.
struct Variable {
  std::size_t number = 0;
  bool conditional = false;
  bool ignores_case = false;  // whether letter case does not count where it is captured
};

// What a template may speak of at the place where it stands.
struct ReferenceScope {
  FieldTable* fields = nullptr;
  const std::map<std::string, Variable, std::less<>>* variables = nullptr;
  bool hub_chosen = false;
  // Fields that the rule's matchers make sure of; others are worth a warning. Null: no warnings.
  const std::vector<std::string>* ensured = nullptr;
  std::string_view rule;  // for messages; empty in templates that several rules share
};

enum class Filter { Lower, Upper, Int, Number, Bool, String };

// One `${name:-default|filter}`.
struct Reference {
  enum class Source { Field, Variable, Hub, HubName, Now };
  std::string name;
  Source source = Source::Field;
  std::size_t index = 0;   // the field's slot or the variable's number
  bool looked_up = false;  // a field that comes from a table
  std::optional<std::string> fallback;
  std::vector<Filter> filters;

  // The value with filters applied, whatever its JSON type. Texts that are not pieces of the
  // context or of this reference are kept in `scratch`: valid until that is used again.
  std::variant<Value, RenderError> value(const RenderContext& context, std::string& scratch) const;
};

// Not changed once its rule is compiled; safe to share between threads from then on.
class TextTemplate {
 public:
  using Piece = std::variant<std::string, Reference>;

  TextTemplate() = default;

  // Reports what is wrong with references [bad-template], [unknown-reference], [unknown-filter],
  // [conditional-capture], [hub-not-chosen] and what may be absent (warning [maybe-absent]), and
  // then leaves the reference out.
  static TextTemplate parse(const Located<std::string>& text, const ReferenceScope& scope,
                            Diagnostics& diagnostics);

  // Adds a text that is meant as it stands, or what another template says, at the end.
  void append(std::string_view text);
  void append(const TextTemplate& other);

  bool is_literal() const;
  // The reference, where the text is nothing but one.
  const Reference* single_reference() const;
  const std::vector<Piece>& pieces() const { return pieces_; }
  // As written, for messages.
  const std::string& text() const { return text_; }

  std::variant<std::string, RenderError> render(const RenderContext& context) const;
  // As render(), but a text that is nothing but one reference keeps the value's JSON type. As to
  // `scratch`: see Reference.
  std::variant<Value, RenderError> value(const RenderContext& context, std::string& scratch) const;

  // What rendering reads, but for itself.
  void add_to(MemoryLines& out) const;

 private:
  std::string text_;
  std::vector<Piece> pieces_;
};

// UTC, to the second: 2026-11-23T03:00:00Z (RFC 3339).
std::string format_moment(Moment moment);

}  // namespace allocd
