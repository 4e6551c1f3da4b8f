#include "analysis/made_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "analysis/id_language.h"
#include "policy/field.h"

namespace allocd {
namespace {

using Values = std::vector<std::optional<Json>>;

std::optional<Field> known_field(const std::string& name) {
  auto parsed = parse_field(name);
  if (auto* field = std::get_if<Field>(&parsed)) return std::move(*field);
  return std::nullopt;
}

// The numbers of ">=12.0.2 <13", and one right behind each.
void add_versions(const std::string& range, Values& out) {
  std::size_t at = 0;
  while ((at = range.find_first_of("0123456789", at)) != std::string::npos) {
    const std::size_t end = std::min(range.find(' ', at), range.size());
    out.emplace_back(range.substr(at, end - at));
    out.emplace_back(range.substr(at, end - at) + ".1");
    at = end;
  }
  out.emplace_back("0");
}

void add_values_of(const FieldDemand& demand, Values& out) {
  const CompiledOperator& op = *demand.op;
  if (const auto* test = std::get_if<OneOf>(&op.test))
    out.insert(out.end(), test->values.begin(), test->values.end());
  if (const auto* test = std::get_if<TextPart>(&op.test)) out.emplace_back(test->text);
  if (const auto* test = std::get_if<Bound>(&op.test)) {
    out.emplace_back(test->number);
    if (test->number.is_number_integer()) {
      const auto number = test->number.get<std::int64_t>();
      if (number > -1'000'000'000 && number < 1'000'000'000)
        out.insert(out.end(), {Json(number + 1), Json(number - 1)});
    } else {
      const auto number = test->number.get<double>();
      out.insert(out.end(), {Json(number + 1), Json(number - 1)});
    }
  }
  if (std::holds_alternative<VersionRange>(op.test) && op.operand.is_string())
    add_versions(op.operand.get_ref<const std::string&>(), out);
}

// Between each two bounds.
void add_middles(const std::vector<FieldDemand>& demands, Values& out) {
  std::vector<double> bounds;
  for (const FieldDemand& demand : demands)
    if (const auto* test = std::get_if<Bound>(&demand.op->test))
      bounds.push_back(test->number.get<double>());
  for (const double a : bounds)
    for (const double b : bounds)
      if (a < b) out.emplace_back(a + (b - a) / 2);
}

// The shortest text that meets the demands on texts, of the letters that IDs have.
void add_text(const std::vector<FieldDemand>& demands, Values& out) {
  IdSet set;
  for (const FieldDemand& demand : demands) {
    if (!std::holds_alternative<TextPart>(demand.op->test) &&
        !std::holds_alternative<Pattern>(demand.op->test) &&
        !std::holds_alternative<Glob>(demand.op->test))
      continue;
    auto texts = ids_of(*demand.op);
    if (auto* automaton = std::get_if<IdAutomaton>(&texts))
      set.push_back({std::make_shared<IdAutomaton>(std::move(*automaton)), demand.negated, {}});
  }
  if (set.empty()) return void(out.emplace_back("a"));
  const ShortestId text = shortest_id(set, {});
  if (text.result == ShortestId::Result::Found) out.emplace_back(text.id);
}

void set_at(Json& place, const std::vector<std::string>& path, const Json& value) {
  Json* at = &place;
  for (const std::string& step : path) {
    if (!at->is_object()) *at = Json::object();
    at = &(*at)[step];
  }
  // What is already in an object meets `{}` as well.
  if (!at->is_object() || !value.is_object() || !value.empty()) *at = value;
}

}  // namespace

std::vector<std::optional<Json>> values_that_meet(const std::string& field,
                                                  const std::vector<FieldDemand>& given,
                                                  const std::vector<FieldDemand>& others) {
  // What is no field of requests is a lookup's.
  const auto known = known_field(field);
  const FieldRoot root = known ? known->root : FieldRoot::Lookup;
  Values tried;
  if (root == FieldRoot::Attestation) {
    tried = {Json("symmetricKey"), Json("x509"), Json("tpm")};
  } else if (root == FieldRoot::EnrollmentKind) {
    tried = {Json("group"), Json("individual")};
  } else {
    const bool is_id = root == FieldRoot::EnrollmentId;
    const bool is_text = is_id || field == "currentHub" || field == "currentDeviceId";
    if (!is_id) tried = {std::nullopt, Json::object()};
    for (const FieldDemand& demand : given) add_values_of(demand, tried);
    add_text(given, tried);
    add_middles(given, tried);
    for (const FieldDemand& demand : others) add_values_of(demand, tried);
    add_text(others, tried);
    for (const Json& value : {Json("some"), Json("other"), Json(0), Json(1), Json(true)})
      tried.emplace_back(value);
    if (is_text)
      std::erase_if(tried, [](const auto& value) { return value && !value->is_string(); });
  }
  std::erase_if(tried, [&](const std::optional<Json>& value) {
    return !std::all_of(given.begin(), given.end(), [&](const FieldDemand& demand) {
      return demand.holds(value ? Value(*value) : Value());
    });
  });
  return tried;
}

std::optional<MadeFields> fields_that_meet(const std::vector<FieldDemand>& demands) {
  MadeFields out;
  for (const FieldDemand& demand : demands) {
    std::vector<FieldDemand> same;
    std::copy_if(demands.begin(), demands.end(), std::back_inserter(same),
                 [&](const FieldDemand& other) { return other.slot == demand.slot; });
    // Two names of one field would be two entries.
    const std::string& name = *same.front().field;
    if (out.contains(name)) continue;
    const Values values = values_that_meet(name, same, {});
    if (values.empty()) return std::nullopt;
    out.emplace(name, values.front());
  }
  return out;
}

std::optional<Json> made_body(std::string_view registration_id, const MadeFields& fields) {
  std::vector<std::pair<Field, Json>> rest;
  Json group_id = "group";
  std::string member = "enrollmentGroup";
  std::string id_member = "enrollmentGroupId";
  std::string attestation = "symmetricKey";
  for (const auto& [name, value] : fields) {
    auto field = known_field(name);
    if (!field) return std::nullopt;
    if (!value) continue;
    switch (field->root) {
      case FieldRoot::EnrollmentId: group_id = *value; break;
      case FieldRoot::EnrollmentKind:
        if (*value == "individual") member = "individualEnrollment", id_member = "registrationId";
        break;
      case FieldRoot::Attestation: attestation = value->get<std::string>(); break;
      case FieldRoot::Request:
      case FieldRoot::Enrollment: rest.emplace_back(std::move(*field), *value); break;
      default: return std::nullopt;
    }
  }
  Json record = Json::object();
  record[id_member] = std::move(group_id);
  Json context = Json::object();
  context["registrationId"] = std::string(registration_id);
  context[attestation] = Json::object();
  Json body = Json::object();
  body[member] = std::move(record);
  body["deviceRuntimeContext"] = std::move(context);
  body["linkedHubs"] = Json::array();
  // What holds others comes before them.
  std::stable_sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) {
    return a.first.path.size() < b.first.path.size();
  });
  for (const auto& [field, value] : rest)
    set_at(field.root == FieldRoot::Enrollment ? body[member] : body, field.path, value);
  return body;
}

}  // namespace allocd
