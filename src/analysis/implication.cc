#include "analysis/implication.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "policy/letter_case.h"

namespace allocd {
namespace {

// Written alike. Numbers that JSON prints apart may still be equal, and are not taken for it.
bool is_same(const FieldDemand& a, const FieldDemand& b) {
  if (a.negated != b.negated || a.op->op != b.op->op || a.op->ignore_case != b.op->ignore_case ||
      a.op->operand.type() != b.op->operand.type())
    return false;
  return a.op->operand.is_string() ? a.op->operand == b.op->operand
                                   : a.op->operand.dump() == b.op->operand.dump();
}

// Whether the demand says that the field is there, or that it is not; nothing where it says more.
std::optional<bool> presence(const FieldDemand& demand) {
  const auto* test = std::get_if<Presence>(&demand.op->test);
  if (test == nullptr) return std::nullopt;
  return test->expected != demand.negated;
}

// Whether letters make no difference to the demand.
bool is_blind_to_case(const FieldDemand& demand) {
  if (std::holds_alternative<OneOf>(demand.op->test) ||
      std::holds_alternative<TextPart>(demand.op->test) ||
      std::holds_alternative<Glob>(demand.op->test))
    return demand.op->ignore_case;
  // A regular expression may turn case on again inside.
  return !std::holds_alternative<Pattern>(demand.op->test);
}

bool is_scalar(const Json& value) { return value.is_primitive() && !value.is_null(); }

// Each of a few values is tried.
bool values_imply(const OneOf& given, const FieldDemand& wanted) {
  const bool sees_case = !is_blind_to_case(wanted);
  return std::all_of(given.values.begin(), given.values.end(), [&](const Json& value) {
    if (!is_scalar(value)) return false;
    if (value.is_string() && given.ignore_case && sees_case) {
      const auto& text = value.get_ref<const std::string&>();
      if (lower(text) != upper(text)) return false;
    }
    return wanted.holds(Value(value));
  });
}

bool bound_implies(const Bound& given, const Bound& wanted) {
  const auto order = Value(given.number).compare(Value(wanted.number));
  if (!order) return false;
  const auto is_lower = [](Operator op) {
    return op == Operator::Greater || op == Operator::GreaterOrEqual;
  };
  if (is_lower(given.op) != is_lower(wanted.op)) return false;
  if (*order == 0)
    return wanted.op == Operator::GreaterOrEqual || wanted.op == Operator::LessOrEqual ||
           given.op == wanted.op;
  return is_lower(given.op) ? *order > 0 : *order < 0;
}

bool text_implies(const TextPart& given, const TextPart& wanted) {
  if (given.ignore_case && !wanted.ignore_case) return false;
  const std::string have = wanted.ignore_case ? lower(given.text) : given.text;
  switch (wanted.where) {
    case TextPart::Where::Anywhere: return have.find(wanted.text) != std::string::npos;
    case TextPart::Where::Start:
      return given.where == TextPart::Where::Start && have.starts_with(wanted.text);
    case TextPart::Where::End:
      return given.where == TextPart::Where::End && have.ends_with(wanted.text);
  }
  return false;
}

bool one_implies(const FieldDemand& given, const FieldDemand& wanted) {
  if (is_same(given, wanted)) return true;
  const auto is_there = presence(given);
  // A field that is not there holds nothing.
  if (is_there == false) return wanted.holds(Value());
  if (const auto wanted_there = presence(wanted))
    return *wanted_there && (is_there == true || (!is_there && !given.negated));
  if (given.negated || wanted.op->op == Operator::Not) return false;
  if (const auto* values = std::get_if<OneOf>(&given.op->test))
    return values_imply(*values, wanted);
  if (wanted.negated) return false;
  if (const auto* bound = std::get_if<Bound>(&given.op->test)) {
    const auto* other = std::get_if<Bound>(&wanted.op->test);
    return other != nullptr && bound_implies(*bound, *other);
  }
  if (const auto* part = std::get_if<TextPart>(&given.op->test)) {
    const auto* other = std::get_if<TextPart>(&wanted.op->test);
    return other != nullptr && text_implies(*part, *other);
  }
  return false;
}

}  // namespace

bool implies(const std::vector<FieldDemand>& given, const FieldDemand& wanted) {
  return std::any_of(given.begin(), given.end(), [&](const FieldDemand& demand) {
    return demand.slot == wanted.slot && one_implies(demand, wanted);
  });
}

}  // namespace allocd
