// From matchers as written to matchers that can be held against a request.
#include <algorithm>
#include <iterator>
#include <utility>

#include "diagnostics/closest_match.h"
#include "policy/field.h"
#include "policy/letter_case.h"
#include "policy/matcher.h"

namespace allocd {
namespace {

std::string in_operator(Operator op) { return '`' + std::string(operator_name(op)) + '`'; }

// A plain (unquoted) pattern that ` #` follows: YAML took the rest for a comment. Where the `#`
// has no space behind it, a comment was hardly meant.
bool is_cut_by_comment(const LocatedValue& operand) {
  if (!operand.plain || operand.range.file == nullptr) return false;
  std::string_view rest = operand.range.file->text().substr(operand.range.end);
  rest = rest.substr(0, rest.find('\n'));
  const std::size_t hash = rest.find_first_not_of(" \t");
  if (hash == 0 || hash == std::string_view::npos || rest[hash] != '#') return false;
  return hash + 1 < rest.size() && rest[hash + 1] != ' ' && rest[hash + 1] != '#';
}

void add_ensured(const FieldMatcherSpec& matcher, std::vector<std::string>& out) {
  const auto& operators = matcher.operators.operators;
  const bool requires_presence =
      std::any_of(operators.begin(), operators.end(), [](const OperatorSpec& o) {
        const auto* expected = std::get_if<bool>(&o.operand.value);
        return o.op == Operator::Exists ? expected != nullptr && *expected : o.op != Operator::Not;
      });
  if (!requires_presence) return;
  // What is inside something makes sure of that, too.
  const std::string& name = matcher.field.value;
  out.push_back(name);
  for (std::size_t dot = name.rfind('.'); dot != std::string::npos && dot > 0;
       dot = name.rfind('.', dot - 1))
    out.push_back(name.substr(0, dot));
}

// Operators and groups are words of `match` as well, and may be what stands in the wrong place.
std::string help_for_field(const std::string& name, const FieldError& error) {
  for (int i = 0; i <= static_cast<int>(Operator::Not); ++i)
    if (operator_name(static_cast<Operator>(i)) == name)
      return "an operator stands under a field: `registrationId: {" + name + ": …}`";
  if (const auto group = closest_match(name, {"all", "any", "not"}))
    return "did you mean `" + *group + "`?";
  return error.help;
}

// The values that a field can have, where they are few.
std::vector<std::string_view> possible_values(const Field& field) {
  if (field.root == FieldRoot::Attestation) return {"symmetricKey", "x509", "tpm"};
  if (field.root == FieldRoot::EnrollmentKind) return {"group", "individual"};
  return {};
}

bool is_always_text(const Field& field) {
  return field.is_column || field.root == FieldRoot::Attestation ||
         field.root == FieldRoot::EnrollmentKind || field.root == FieldRoot::EnrollmentId ||
         field.root == FieldRoot::Certificate || field.name == "registrationId" ||
         field.name == "currentHub" || field.name == "currentDeviceId";
}

}  // namespace

std::vector<std::string> ensured_fields(const MatcherGroupSpec& match) {
  std::vector<std::string> out;
  if (match.kind == MatcherGroupSpec::Kind::Not) return out;
  bool first = true;
  for (const MatcherSpec& part : match.parts) {
    std::vector<std::string> names;
    if (const auto* field = std::get_if<FieldMatcherSpec>(&part)) {
      add_ensured(*field, names);
    } else {
      names = ensured_fields(std::get<MatcherGroupSpec>(part));
    }
    if (match.kind == MatcherGroupSpec::Kind::All || first) {
      out.insert(out.end(), names.begin(), names.end());
    } else {
      std::erase_if(out, [&](const std::string& name) {
        return std::find(names.begin(), names.end(), name) == names.end();
      });
    }
    first = false;
  }
  return out;
}

Matcher MatcherCompiler::compile(const MatcherGroupSpec& match) {
  Matcher out;
  out.all_ = compile_group(match, false);
  return out;
}

Operators MatcherCompiler::compile_hub(const OperatorsSpec& spec) {
  return compile_operators(spec, {.ignore_case = true, .captures = false});
}

Matcher::Group MatcherCompiler::compile_group(const MatcherGroupSpec& spec, bool conditional) {
  Matcher::Group out;
  out.kind = spec.kind;
  out.first_variable = variables_.size();
  const bool inside = conditional || spec.kind != MatcherGroupSpec::Kind::All;
  for (const MatcherSpec& part : spec.parts) {
    if (const auto* written = std::get_if<MatcherGroupSpec>(&part)) {
      Matcher::Group group = compile_group(*written, inside);
      // An `all` within an `all` says nothing of its own.
      if (spec.kind == MatcherGroupSpec::Kind::All && group.kind == MatcherGroupSpec::Kind::All) {
        std::move(group.parts.begin(), group.parts.end(), std::back_inserter(out.parts));
      } else {
        out.parts.emplace_back(std::move(group));
      }
      continue;
    }
    const auto& written = std::get<FieldMatcherSpec>(part);
    const auto parsed = fields_.parse(written.field.value);
    const auto* error = std::get_if<FieldError>(&parsed);
    if (error != nullptr)
      diagnostics_.error(written.field.range, "unknown-field", error->message + " in `match`",
                         help_for_field(written.field.value, *error));
    const Field field = error != nullptr ? Field{} : std::get<Field>(parsed);
    if (error == nullptr) warn_of_impossible(field, written.operators);
    Operators operators = compile_operators(
        written.operators,
        {.ignore_case = field.ignores_case, .conditional = inside, .captures = true});
    if (error == nullptr)
      out.parts.emplace_back(
          FieldMatcher{field.name, fields_.slot_of(field), std::move(operators)});
  }
  out.end_variable = variables_.size();
  return out;
}

void MatcherCompiler::warn_of_impossible(const Field& field, const OperatorsSpec& spec) {
  if (!is_always_text(field)) return;
  const std::vector<std::string_view> possible = possible_values(field);
  const auto check = [&](const LocatedValue& expected) {
    if (!expected.is_text()) {
      diagnostics_.warning(expected.range, "never-holds",
                           in_backticks(field.name) + " is always a text" + expected.instead(),
                           expected.is_number() || expected.is_bool()
                               ? "quote it: \"" + printable(expected.range.text()) + '"'
                               : "");
    } else if (!possible.empty() &&
               std::find(possible.begin(), possible.end(), expected.text()) == possible.end()) {
      diagnostics_.warning(expected.range, "never-holds",
                           in_backticks(field.name) + " is never " + in_backticks(expected.text()),
                           suggestion(expected.text(), possible));
    } else if (field.root == FieldRoot::Certificate && field.ignores_case &&
               expected.text().find_first_not_of("-0123456789ABCDEFabcdef") != std::string::npos) {
      diagnostics_.warning(expected.range, "never-holds",
                           in_backticks(field.name) + " has hexadecimal digits only",
                           "write it without colons and spaces");
    }
  };
  for (const OperatorSpec& op : spec.operators) {
    if (op.op == Operator::Equals) check(op.operand);
    if (op.op == Operator::In && op.operand.is_list())
      for (const LocatedValue& item : op.operand.list()) check(item);
    if (op.op >= Operator::Greater && op.op <= Operator::LessOrEqual)
      diagnostics_.warning(op.name, "never-holds",
                           in_backticks(field.name) + " is always a text, and never a number");
  }
}

Operators MatcherCompiler::compile_operators(const OperatorsSpec& spec, Place place) {
  place.ignore_case = spec.ignore_case.value_or(place.ignore_case);
  Operators out;
  for (const OperatorSpec& op : spec.operators) compile_operator(op, place, out);
  return out;
}

const std::string* MatcherCompiler::pattern_text(const OperatorSpec& spec) {
  const LocatedValue& operand = spec.operand;
  if (!operand.is_text()) {
    const bool quotable = operand.is_number() || operand.is_bool();
    diagnostics_.error(operand.range, "wrong-type",
                       in_operator(spec.op) + " takes a text" + operand.instead(),
                       quotable ? "quote it: \"" + printable(operand.range.text()) + '"' : "");
    return nullptr;
  }
  const std::string& text = operand.text();
  if (text.empty() && spec.op != Operator::Version) {
    diagnostics_.error(operand.range, "empty-pattern", in_operator(spec.op) + " has an empty text",
                       "use `exists: true` for any value, `equals: \"\"` for the empty text");
    return nullptr;
  }
  if (spec.op != Operator::Matches && spec.op != Operator::Search &&
      text.find("${") != std::string::npos)
    diagnostics_.warning(operand.range, "template-in-match",
                         "`${..}` has no meaning in `match`, the text is taken as it stands");
  return &text;
}

void MatcherCompiler::compile_operator(const OperatorSpec& spec, Place place, Operators& out) {
  const auto add = [&](auto test) {
    out.operators_.push_back(
        CompiledOperator{spec.op, spec.operand.json(), std::move(test), place.ignore_case});
  };
  const auto add_text_part = [&](TextPart::Where where) {
    if (const std::string* text = pattern_text(spec))
      add(TextPart{where, place.ignore_case ? lower(*text) : *text, place.ignore_case});
  };
  switch (spec.op) {
    case Operator::Equals:
    case Operator::In: compile_list(spec, place, out); break;
    case Operator::Matches:
    case Operator::Search: compile_regex(spec, place, out); break;
    case Operator::Contains: add_text_part(TextPart::Where::Anywhere); break;
    case Operator::StartsWith: add_text_part(TextPart::Where::Start); break;
    case Operator::EndsWith: add_text_part(TextPart::Where::End); break;
    case Operator::Glob:
      if (const std::string* text = pattern_text(spec)) add(Glob(*text, place.ignore_case));
      break;
    case Operator::Exists:
      if (const bool* expected = std::get_if<bool>(&spec.operand.value)) {
        add(Presence{*expected});
      } else {
        diagnostics_.error(spec.operand.range, "wrong-type",
                           "`exists` takes true or false" + spec.operand.instead());
      }
      break;
    case Operator::Greater:
    case Operator::GreaterOrEqual:
    case Operator::Less:
    case Operator::LessOrEqual:
      if (spec.operand.is_number()) {
        add(Bound{spec.op, spec.operand.json()});
      } else {
        diagnostics_.error(spec.operand.range, "wrong-type",
                           in_operator(spec.op) + " takes a number" + spec.operand.instead(),
                           spec.operand.is_text()
                               ? "texts that are dotted numbers are compared by `version`"
                               : "");
      }
      break;
    case Operator::Version:
      if (const std::string* text = pattern_text(spec)) {
        auto range = VersionRange::parse(*text);
        if (const auto* error = std::get_if<VersionError>(&range)) {
          diagnostics_.error(spec.operand.range, "bad-version", error->message, error->help);
        } else {
          add(std::get<VersionRange>(std::move(range)));
        }
      }
      break;
    case Operator::Not: {
      place.conditional = true;
      Operators negated = compile_operators(spec.negated, place);
      out.operators_.push_back(
          CompiledOperator{spec.op, nullptr, std::move(negated), place.ignore_case});
      break;
    }
  }
}

void MatcherCompiler::compile_list(const OperatorSpec& spec, Place place, Operators& out) {
  const LocatedValue& operand = spec.operand;
  if (spec.op == Operator::In && !operand.is_list()) {
    diagnostics_.error(operand.range, "wrong-type", "`in` takes a list" + operand.instead());
    return;
  }
  if (spec.op == Operator::In && operand.list().empty()) {
    diagnostics_.error(operand.range, "empty-list", "an empty list never matches",
                       "list the values that are accepted");
    return;
  }
  if (const LocatedValue* null = operand.find_null()) {
    diagnostics_.error(null->range, "wrong-type", "null counts as absent and equals nothing",
                       "for a field that is not there, write `exists: false`");
    return;
  }
  OneOf test{{}, place.ignore_case};
  if (spec.op == Operator::In) {
    for (const LocatedValue& item : operand.list()) test.values.push_back(item.json());
  } else {
    test.values.push_back(operand.json());
  }
  out.operators_.push_back(
      CompiledOperator{spec.op, operand.json(), std::move(test), place.ignore_case});
}

void MatcherCompiler::compile_regex(const OperatorSpec& spec, Place place, Operators& out) {
  const std::string* text = pattern_text(spec);
  if (text == nullptr) return;
  const SourceRange& at = spec.operand.range;
  if (is_cut_by_comment(spec.operand))
    diagnostics_.warning(at, "cut-by-comment",
                         "the pattern ends before ` #`, where YAML begins a comment",
                         "put the pattern in single quotes");
  auto compiled = Regex::compile(
      *text, spec.op == Operator::Matches ? Regex::Extent::Whole : Regex::Extent::Anywhere,
      place.ignore_case);
  if (const auto* error = std::get_if<RegexError>(&compiled)) {
    const bool named = text->find("(?<") != std::string::npos;
    diagnostics_.error(
        at, "bad-regex",
        "bad regular expression: " + error->message +
            (error->fragment.empty() ? "" : " in " + in_backticks(error->fragment)),
        named ? "a named group is written `(?P<name>…)`; look-around does not exist in RE2"
              : "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax");
    return;
  }
  Pattern test{std::get<Regex>(std::move(compiled)), {}};
  if (place.captures) test.variables = new_variables(test.regex, place, at);
  out.operators_.push_back(CompiledOperator{spec.op, *text, std::move(test), place.ignore_case});
}

std::vector<std::size_t> MatcherCompiler::new_variables(const Regex& regex, Place place,
                                                        const SourceRange& at) {
  std::vector<std::size_t> out;
  for (const std::string& name : regex.group_names()) {
    if (fields_.is_root(name) || name == "hub" || name == "hubName" || name == "now") {
      diagnostics_.error(at, "reserved-capture",
                         "group " + in_backticks(name) + " has a name that means something else",
                         "rename the group");
      return {};
    }
    const auto [place_of_name, added] =
        variables_.emplace(name, Variable{variables_.size(), place.conditional, place.ignore_case});
    if (!added) {
      diagnostics_.error(at, "duplicate-capture",
                         "group " + in_backticks(name) + " stands twice in this rule",
                         "every variable of a rule is captured in one place; rename one");
      return {};
    }
    out.push_back(place_of_name->second.number);
  }
  return out;
}

}  // namespace allocd
