#include "policy/twin_compiler.h"

#include <utility>
#include <vector>

#include "diagnostics/closest_match.h"
#include "policy/twin_limits.h"

namespace allocd {
namespace {

// Whether the values of a reference are texts, whatever a request holds.
bool is_always_text(const Reference& reference) {
  if (!reference.filters.empty() || reference.source != Reference::Source::Field) return true;
  const std::string_view name = reference.name;
  return name == "registrationId" || name == "currentHub" || name == "currentDeviceId" ||
         name == "attestation" || name == "enrollment.id" || name == "enrollment.kind" ||
         name.starts_with("certificate.");
}

// Where a map must stand: a map, or one `${..}` that can be one.
void check_is_object(const LocatedValue& value, std::string_view name, const ValueTemplate& parsed,
                     Diagnostics& diagnostics) {
  if (value.is_map()) return;
  const Reference* reference = parsed.single_reference();
  if (reference == nullptr) {
    diagnostics.error(
        value.range, "wrong-type",
        in_backticks(name) + " must be a map, or one `${..}` in its place" + value.instead());
  } else if (is_always_text(*reference)) {
    diagnostics.error(
        value.range, "wrong-type",
        in_backticks(name) + " must be a map, and " + in_backticks(value.text()) + " never is one",
        "a map can come from `payload`, as in `${payload.settings}`");
  }
}

ValueTemplate object_template(const LocatedValue& value, std::string_view name,
                              const ReferenceScope& scope, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.errors();
  ValueTemplate out = ValueTemplate::parse(value, scope, diagnostics);
  if (diagnostics.errors() == errors_before) check_is_object(value, name, out, diagnostics);
  return out;
}

bool is_within_limits(const ValueTemplate& section, std::size_t max_bytes) {
  const Json* json = section.literal();
  return json == nullptr || !json->is_object() || !twin_violation(*json, "", max_bytes);
}

// `own` laid over `base`. Each was judged where it stands; here, the whole that they make.
ValueTemplate merged_section(ValueTemplate base, ValueTemplate own, std::string_view name,
                             std::size_t max_bytes, const SourceRange& at,
                             Diagnostics& diagnostics) {
  const bool parts_are_fine = is_within_limits(base, max_bytes) && is_within_limits(own, max_bytes);
  ValueTemplate out = ValueTemplate::merged(std::move(base), std::move(own));
  if (parts_are_fine && !is_within_limits(out, max_bytes))
    diagnostics.error(
        at, "twin-limit",
        *twin_violation(*out.literal(), name, max_bytes) + ", together with its template");
  return out;
}

}  // namespace

TwinCompiler::TwinCompiler(const RuleSetSpec& spec, Diagnostics& diagnostics)
    : spec_(spec), diagnostics_(diagnostics) {
  for (const TemplateSpec& t : spec.templates) {
    const auto [first, added] = templates_.emplace(t.name.value, Named{&t, false});
    if (!added) {
      const SourceRange& there = first->second.spec->name.range;
      diagnostics.error(t.name.range, "duplicate-template",
                        "template " + in_backticks(t.name.value) + " stands twice",
                        "the first one is at " + there.file->path() + ":" +
                            std::to_string(there.file->position(there.begin).line));
    }
    check_limits(t.twin);
  }
}

void TwinCompiler::check_limits(const TwinSpec& twin) {
  if (twin.tags && twin.tags->is_map())
    check_twin(*twin.tags, "tags", TwinLimits::kTagsBytes, diagnostics_);
  if (twin.desired && twin.desired->is_map())
    check_twin(*twin.desired, "properties.desired", TwinLimits::kDesiredBytes, diagnostics_);
}

TwinTemplate TwinCompiler::compile_sections(const TwinSpec& twin, const ReferenceScope& scope,
                                            Diagnostics& diagnostics) {
  TwinTemplate out;
  if (twin.tags) out.tags = object_template(*twin.tags, "tags", scope, diagnostics);
  if (twin.desired) out.desired = object_template(*twin.desired, "desired", scope, diagnostics);
  return out;
}

TwinTemplate TwinCompiler::compile(const TwinSpec& twin, const ReferenceScope& scope) {
  check_limits(twin);
  TwinTemplate own = compile_sections(twin, scope, diagnostics_);
  if (!twin.template_name) {
    prepare(own);
    return own;
  }

  const auto named = templates_.find(twin.template_name->value);
  if (named == templates_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, unused] : templates_) names.push_back(name);
    if (spec_.complete)
      diagnostics_.error(twin.template_name->range, "unknown-template",
                         "unknown template " + in_backticks(twin.template_name->value),
                         names.empty() ? "no file of the set has `templates`"
                                       : suggestion(twin.template_name->value, names));
    return own;
  }
  named->second.used = true;
  Diagnostics of_template;
  TwinTemplate base = compile_sections(named->second.spec->twin, scope, of_template);
  for (const Diagnostic& d : of_template.all())
    if (reported_.emplace(d.file, d.line, d.column, d.code).second) diagnostics_.add(d);

  if (twin.tags)
    base.tags = merged_section(std::move(base.tags), std::move(own.tags), "tags",
                               TwinLimits::kTagsBytes, twin.template_name->range, diagnostics_);
  if (twin.desired)
    base.desired =
        merged_section(std::move(base.desired), std::move(own.desired), "properties.desired",
                       TwinLimits::kDesiredBytes, twin.template_name->range, diagnostics_);
  prepare(base);
  return base;
}

PayloadTemplate TwinCompiler::compile_payload(const LocatedValue& value,
                                              const ReferenceScope& scope) {
  PayloadTemplate out{object_template(value, "payload", scope, diagnostics_), {}};
  prepare(out);
  return out;
}

void TwinCompiler::finish() {
  for (const auto& [name, named] : templates_) {
    if (named.used) continue;
    if (spec_.complete)
      diagnostics_.warning(named.spec->name.range, "unused-template",
                           "no rule uses template " + in_backticks(name));
    // Its variables are those of a rule that is not there; everything else can be judged.
    FieldTable fields;
    Diagnostics found;
    compile_sections(named.spec->twin, {&fields, nullptr, true, nullptr, ""}, found);
    for (const Diagnostic& d : found.all())
      if (d.code != "unknown-reference") diagnostics_.add(d);
  }
}

}  // namespace allocd
