#include "rulefile/matcher_reader.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/closest_match.h"

namespace allocd {
namespace {

constexpr std::string_view kIgnoreCase = "ignoreCase";

std::optional<Operator> operator_named(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Operator::Not); ++i)
    if (operator_name(static_cast<Operator>(i)) == name) return static_cast<Operator>(i);
  return std::nullopt;
}

std::string help_for_operator(std::string_view name, std::string_view what) {
  if (name == "all" || name == "any")
    return in_backticks(name) + " stands in `match`, around fields";
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Operator::Not); ++i)
    names.push_back(operator_name(static_cast<Operator>(i)));
  names.push_back(kIgnoreCase);
  if (const auto match = closest_match(name, names)) return "did you mean `" + *match + "`?";
  if (what.starts_with("payload") || what.starts_with("enrollment"))
    return "a member is written with a dot: `" + std::string(what) + "." + printable(name, 40) +
           "`";
  return suggestion(name, names);
}

void wrong_type(const LocatedValue& value, std::string message, std::string help,
                Diagnostics& diagnostics) {
  diagnostics.error(value.range, "wrong-type", std::move(message) + value.instead(),
                    std::move(help));
}

void read_not(const LocatedMember& member, std::string_view what, OperatorsSpec& out,
              Diagnostics& diagnostics) {
  if (!member.value.is_map()) {
    const std::string_view instead = member.value.is_list() ? "in" : "equals";
    return wrong_type(member.value, "`not` of " + in_backticks(what) + " takes a map of operators",
                      "write `not: {" + std::string(instead) + ": …}`", diagnostics);
  }
  OperatorSpec op;
  op.op = Operator::Not;
  op.name = member.key.range;
  if (member.value.map().empty()) {
    diagnostics.error(member.value.range, "empty-matcher",
                      "`not` of " + in_backticks(what) + " has no operator",
                      "name what must not hold");
    return;
  }
  op.negated = read_operators(member.value, what, diagnostics);
  out.operators.push_back(std::move(op));
}

void read_group(const LocatedMember& member, MatcherGroupSpec::Kind kind, MatcherGroupSpec& out,
                Diagnostics& diagnostics) {
  MatcherGroupSpec group{kind, {}, member.key.range};
  if (kind == MatcherGroupSpec::Kind::Not) {
    group.parts = read_match(member.value, diagnostics).parts;
    if (member.value.is_map() && member.value.map().empty())
      diagnostics.error(member.value.range, "empty-matcher", "`not: {}` never matches",
                        "name what must not hold");
  } else if (!member.value.is_list()) {
    return wrong_type(member.value, in_backticks(member.key.value) + " takes a list of maps",
                      "begin each map with `- `", diagnostics);
  } else if (member.value.list().empty()) {
    diagnostics.error(member.value.range, "empty-list",
                      in_backticks(member.key.value) + " has nothing in its list",
                      "list maps of matchers, or leave it out");
  } else {
    for (const LocatedValue& item : member.value.list())
      group.parts.emplace_back(read_match(item, diagnostics));
  }
  out.parts.emplace_back(std::move(group));
}

}  // namespace

OperatorsSpec read_operators(const LocatedValue& value, std::string_view what,
                             Diagnostics& diagnostics) {
  OperatorsSpec out;
  out.range = value.range;
  if (value.is_null()) {
    diagnostics.error(
        value.range, "wrong-type", in_backticks(what) + " is held against nothing",
        "for a field that is not there, write `{exists: false}`; for any value, `{exists: true}`");
    return out;
  }
  if (!value.is_map()) {
    out.operators.push_back(
        {value.is_list() ? Operator::In : Operator::Equals, value.range, value, {}});
    return out;
  }
  if (value.map().empty())
    diagnostics.error(value.range, "empty-matcher", in_backticks(what) + " has no operator",
                      "for any value, write `{exists: true}`");
  for (const LocatedMember& member : value.map()) {
    const std::string& name = member.key.value;
    if (name == kIgnoreCase) {
      if (const bool* ignore = std::get_if<bool>(&member.value.value)) {
        out.ignore_case = *ignore;
      } else {
        wrong_type(member.value, "`ignoreCase` must be true or false", "", diagnostics);
      }
    } else if (const auto op = operator_named(name); !op) {
      diagnostics.error(member.key.range, "unknown-operator",
                        "unknown operator " + in_backticks(name) + " in " + in_backticks(what),
                        help_for_operator(name, what));
    } else if (*op == Operator::Not) {
      read_not(member, what, out, diagnostics);
    } else {
      out.operators.push_back({*op, member.key.range, member.value, {}});
    }
  }
  if (out.operators.empty() && out.ignore_case && value.map().size() == 1)
    diagnostics.error(value.range, "empty-matcher",
                      in_backticks(what) + " has `ignoreCase` and no operator");
  return out;
}

MatcherGroupSpec read_match(const LocatedValue& value, Diagnostics& diagnostics) {
  MatcherGroupSpec out{MatcherGroupSpec::Kind::All, {}, value.range};
  if (!value.is_map()) {
    diagnostics.error(value.range, "wrong-type",
                      "matchers must be a map of fields" + value.instead(),
                      value.is_null() ? "to match every device, leave `match` out, or write `{}`"
                                      : "write the field in front, as in `registrationId: …`");
    return out;
  }
  for (const LocatedMember& member : value.map()) {
    const std::string& name = member.key.value;
    if (name == "all") {
      read_group(member, MatcherGroupSpec::Kind::All, out, diagnostics);
    } else if (name == "any") {
      read_group(member, MatcherGroupSpec::Kind::Any, out, diagnostics);
    } else if (name == "not") {
      read_group(member, MatcherGroupSpec::Kind::Not, out, diagnostics);
    } else {
      out.parts.emplace_back(
          FieldMatcherSpec{member.key, read_operators(member.value, name, diagnostics)});
    }
  }
  return out;
}

}  // namespace allocd
