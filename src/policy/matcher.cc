#include "policy/matcher.h"

#include <algorithm>

#include "policy/letter_case.h"

namespace allocd {
namespace {

// Searches with letters folded on the way; `needle` is lower case already.
bool contains(std::string_view text, std::string_view needle, bool ignore_case) {
  if (!ignore_case) return text.find(needle) != std::string_view::npos;
  return std::search(text.begin(), text.end(), needle.begin(), needle.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool holds_text_part(const TextPart& part, std::string_view text) {
  switch (part.where) {
    case TextPart::Where::Anywhere: return contains(text, part.text, part.ignore_case);
    case TextPart::Where::Start: text = text.substr(0, part.text.size()); break;
    case TextPart::Where::End:
      if (text.size() > part.text.size()) text.remove_prefix(text.size() - part.text.size());
      break;
  }
  return part.ignore_case ? equal_ignoring_case(text, part.text) : text == part.text;
}

bool holds_pattern(const Pattern& pattern, std::string_view text, Captures* captures) {
  if (captures == nullptr || pattern.variables.empty()) return pattern.regex.matches(text);
  thread_local std::vector<std::optional<std::string_view>> groups;
  if (!pattern.regex.matches(text, groups)) return false;
  for (std::size_t i = 0; i < pattern.variables.size(); ++i)
    (*captures)[pattern.variables[i]] = groups[i];
  return true;
}

bool holds_bound(const Bound& bound, const Value& value) {
  const auto order = value.compare(Value(bound.number));
  if (!order) return false;
  switch (bound.op) {
    case Operator::Greater: return *order > 0;
    case Operator::GreaterOrEqual: return *order >= 0;
    case Operator::Less: return *order < 0;
    default: return *order <= 0;
  }
}

std::string_view group_name(Matcher::Kind kind) {
  switch (kind) {
    case Matcher::Kind::All: return "all";
    case Matcher::Kind::Any: return "any";
    case Matcher::Kind::Not: return "not";
  }
  return "";
}

bool holds_group(const Matcher::Group& group, const FieldValues& fields, Captures* captures,
                 std::vector<MatcherTrace>* trace);

bool holds_part(const Matcher::Part& part, const FieldValues& fields, Captures* captures,
                std::vector<MatcherTrace>* trace) {
  if (const auto* field = std::get_if<FieldMatcher>(&part))
    return field->operators.hold(fields[field->slot], captures, field->field, trace);
  const auto& group = std::get<Matcher::Group>(part);
  if (trace == nullptr) return holds_group(group, fields, captures, nullptr);
  MatcherTrace entry;
  entry.op = group_name(group.kind);
  entry.held = holds_group(group, fields, captures, &entry.parts);
  const bool held = entry.held;
  trace->push_back(std::move(entry));
  return held;
}

bool holds_group(const Matcher::Group& group, const FieldValues& fields, Captures* captures,
                 std::vector<MatcherTrace>* trace) {
  const auto holds = [&](const Matcher::Part& part) {
    // What is matched under `not` does not hold when the rule does: nothing is captured there.
    return holds_part(part, fields, group.kind == Matcher::Kind::Not ? nullptr : captures, trace);
  };
  bool held = false;
  switch (group.kind) {
    case Matcher::Kind::All:
      held = std::all_of(group.parts.begin(), group.parts.end(), holds);
      break;
    case Matcher::Kind::Any:
      held = std::any_of(group.parts.begin(), group.parts.end(), holds);
      break;
    case Matcher::Kind::Not:
      held = !std::all_of(group.parts.begin(), group.parts.end(), holds);
      break;
  }
  // A branch that failed half way leaves nothing behind for the next one.
  if (!held && captures != nullptr)
    for (std::size_t i = group.first_variable; i < group.end_variable; ++i) (*captures)[i].reset();
  return held;
}

void add_group(const Matcher::Group& group, MemoryLines& out) {
  out.add(group.parts);
  for (const Matcher::Part& part : group.parts) {
    if (const auto* field = std::get_if<FieldMatcher>(&part)) {
      field->operators.add_to(out);
    } else {
      add_group(std::get<Matcher::Group>(part), out);
    }
  }
}

}  // namespace

bool CompiledOperator::holds(const Value& value, Captures* captures) const {
  if (const auto* presence = std::get_if<Presence>(&test))
    return presence->expected != value.is_absent();
  if (const auto* negated = std::get_if<Operators>(&test)) return !negated->hold(value, nullptr);
  if (const auto* one_of = std::get_if<OneOf>(&test))
    return !value.is_absent() &&
           std::any_of(one_of->values.begin(), one_of->values.end(), [&](const Json& expected) {
             return equal(Value(expected), value, one_of->ignore_case);
           });
  if (const auto* bound = std::get_if<Bound>(&test)) return holds_bound(*bound, value);
  const std::string_view* text = value.text();
  if (text == nullptr) return false;
  if (const auto* part = std::get_if<TextPart>(&test)) return holds_text_part(*part, *text);
  if (const auto* pattern = std::get_if<Pattern>(&test))
    return holds_pattern(*pattern, *text, captures);
  if (const auto* glob = std::get_if<Glob>(&test)) return glob->matches(*text);
  return std::get<VersionRange>(test).contains(*text);
}

bool Operators::hold(const Value& value, Captures* captures, std::string_view field,
                     std::vector<MatcherTrace>* trace) const {
  for (const CompiledOperator& op : operators_) {
    const bool held = op.holds(value, captures);
    if (trace != nullptr) {
      MatcherTrace entry;
      entry.field = field;
      entry.op = operator_name(op.op);
      entry.operand = op.operand;
      entry.saw = value.json();
      entry.present = !value.is_absent();
      entry.held = held;
      if (const auto* negated = std::get_if<Operators>(&op.test))
        negated->hold(value, nullptr, field, &entry.parts);
      trace->push_back(std::move(entry));
    }
    if (!held) return false;
  }
  return true;
}

bool Matcher::holds(const FieldValues& fields, Captures& captures,
                    std::vector<MatcherTrace>* trace) const {
  return holds_group(all_, fields, &captures, trace);
}

void Operators::add_to(MemoryLines& out) const {
  out.add(operators_);
  for (const CompiledOperator& op : operators_) {
    if (const auto* part = std::get_if<TextPart>(&op.test)) out.add(part->text);
    if (const auto* one_of = std::get_if<OneOf>(&op.test)) out.add(one_of->values);
    if (const auto* glob = std::get_if<Glob>(&op.test)) glob->add_to(out);
    if (const auto* negated = std::get_if<Operators>(&op.test)) negated->add_to(out);
    if (const auto* pattern = std::get_if<Pattern>(&op.test)) {
      out.add(pattern->variables);
      pattern->regex.add_to(out);
    }
  }
}

void Matcher::add_to(MemoryLines& out) const { add_group(all_, out); }

}  // namespace allocd
