#include "policy/clues.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "diagnostics/utf8.h"
#include "policy/folded_text.h"
#include "policy/literals.h"

namespace allocd {
namespace {

// Above this, a list of values is no clue worth its room.
constexpr std::size_t kMaxClues = 10'000;

std::uint64_t hash_of_text(std::string_view folded) {
  return std::hash<std::string_view>()(folded);
}

void add_literals(std::size_t slot, const Literals& literals, std::vector<Clues>& out) {
  Clues clues;
  using Place = Literals::Place;
  for (const std::string& text : literals.texts) {
    Clue clue{.kind = Clue::Kind::Literal, .slot = slot};
    if (literals.place == Place::Whole) {
      clue.kind = Clue::Kind::Value;
      clue.hash = hash_of_text(text);
    } else {
      clue.literal = text;
      clue.at_start = literals.place == Place::Start;
      clue.at_end = literals.place == Place::End;
    }
    clues.push_back(std::move(clue));
  }
  out.push_back(std::move(clues));
}

void add_pattern(std::size_t slot, const PatternNode& pattern, bool whole,
                 std::vector<Clues>& out) {
  for (const Literals& literals : needed_literals(pattern, whole))
    add_literals(slot, literals, out);
  if (whole)
    out.push_back({Clue{.kind = Clue::Kind::Shaped, .slot = slot, .shape = shape_of(pattern)}});
}

void add_text_part(std::size_t slot, const TextPart& part, std::vector<Clues>& out) {
  // Folding keeps the parts of well-formed texts, and rule files hold no others.
  if (first_invalid_utf8(part.text) != std::string_view::npos) return;
  using Place = Literals::Place;
  Place place = Place::Anywhere;
  if (part.where == TextPart::Where::Start) place = Place::Start;
  if (part.where == TextPart::Where::End) place = Place::End;
  add_literals(slot, {place, {folded(part.text)}}, out);
}

void add_operator(std::size_t slot, const CompiledOperator& op, std::vector<Clues>& out) {
  if (const auto* one_of = std::get_if<OneOf>(&op.test)) {
    Clues clues;
    for (const Json& json : one_of->values) {
      const Value value(json);
      const std::string text = value.text() != nullptr ? folded(*value.text()) : "";
      clues.push_back({.kind = Clue::Kind::Value, .slot = slot, .hash = hash_of(value, text)});
    }
    if (clues.size() <= kMaxClues) out.push_back(std::move(clues));
  } else if (const auto* part = std::get_if<TextPart>(&op.test)) {
    add_text_part(slot, *part, out);
  } else if (std::holds_alternative<Glob>(op.test)) {
    add_pattern(slot, parse_glob(op.operand.get_ref<const std::string&>()), true, out);
  } else if (std::holds_alternative<Pattern>(op.test)) {
    if (const auto pattern = parse_regex(op.operand.get_ref<const std::string&>()))
      add_pattern(slot, *pattern, op.op == Operator::Matches, out);
  }
}

bool needs_value(const CompiledOperator& op) {
  if (const auto* presence = std::get_if<Presence>(&op.test)) return presence->expected;
  return !std::holds_alternative<Operators>(op.test);
}

std::vector<Clues> clues_of_part(const Matcher::Part& part);

std::vector<Clues> clues_of_field(const FieldMatcher& field) {
  std::vector<Clues> out;
  const auto& operators = field.operators.all();
  for (const CompiledOperator& op : operators) add_operator(field.slot, op, out);
  if (std::any_of(operators.begin(), operators.end(), needs_value))
    out.push_back({Clue{.kind = Clue::Kind::Present, .slot = field.slot}});
  return out;
}

// How much a request that is no match tells by not showing the clue; less is better.
int weakness(const Clue& clue) {
  switch (clue.kind) {
    case Clue::Kind::Value: return 0;
    case Clue::Kind::Literal: return clue.literal.size() < 16 ? 17 - int(clue.literal.size()) : 1;
    case Clue::Kind::Shaped: return clue.shape.share() < 0.01 ? 15 : 18;
    case Clue::Kind::Present: return 19;
  }
  return 20;
}

int weakness(const Clues& clues) {
  int out = 0;
  for (const Clue& clue : clues) out = std::max(out, weakness(clue));
  return out;
}

std::vector<Clues> clues_of_group(const Matcher::Group& group) {
  std::vector<Clues> out;
  if (group.kind == Matcher::Kind::Not) return out;
  if (group.kind == Matcher::Kind::All) {
    for (const Matcher::Part& part : group.parts) {
      std::vector<Clues> clues = clues_of_part(part);
      std::move(clues.begin(), clues.end(), std::back_inserter(out));
    }
    return out;
  }
  Clues any;
  for (const Matcher::Part& part : group.parts) {
    std::vector<Clues> clues = clues_of_part(part);
    if (clues.empty()) return out;
    Clues& best = *std::min_element(clues.begin(), clues.end(), [](const Clues& a, const Clues& b) {
      return weakness(a) < weakness(b);
    });
    std::move(best.begin(), best.end(), std::back_inserter(any));
  }
  if (!any.empty() && any.size() <= kMaxClues) out.push_back(std::move(any));
  return out;
}

std::vector<Clues> clues_of_part(const Matcher::Part& part) {
  if (const auto* field = std::get_if<FieldMatcher>(&part)) return clues_of_field(*field);
  return clues_of_group(std::get<Matcher::Group>(part));
}

}  // namespace

std::vector<Clues> clues_of(const Matcher& matcher) { return clues_of_group(matcher.parts()); }

std::uint64_t hash_of(const Value& value, std::string_view folded) {
  if (value.text() != nullptr) return hash_of_text(folded);
  // Numbers that are equal are the same double, 0 and -0 too.
  if (value.is_number()) return std::hash<double>()(value.json().get<double>()) + 1;
  if (const bool* boolean = value.boolean()) return *boolean ? 2 : 3;
  if (const Json* container = value.container())
    return std::hash<std::size_t>()(container->size()) + (container->is_array() ? 4 : 5);
  return 0;
}

}  // namespace allocd
