#include "policy/lookup_compiler.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "policy/lookups.h"
#include "policy/text_template.h"

namespace allocd {
namespace {

bool is_template(const std::string& key) { return key.find("${") != std::string::npos; }

// Reports a name that no lookup can have.
bool is_good_name(const Located<std::string>& name, Diagnostics& diagnostics) {
  if (!is_lookup_name(name.value)) {
    diagnostics.error(name.range, "bad-name", "bad lookup name " + in_backticks(name.value),
                      "a lookup's name is letters, digits and `_`, and begins with a letter");
    return false;
  }
  if (is_reserved_name(name.value)) {
    diagnostics.error(
        name.range, "reserved-lookup",
        "lookup " + in_backticks(name.value) + " has a name that means something else",
        "rename it; a field, an operator or a word of `match` has this name");
    return false;
  }
  return true;
}

void report_key(const SourceRange& at, std::string what, Diagnostics& diagnostics) {
  diagnostics.error(at, "bad-lookup-key", "a lookup's key cannot use " + std::move(what),
                    "a key is found in the request: a field of it, or a text such as "
                    "`${payload.line}-${payload.unit}`");
}

std::variant<std::size_t, TextTemplate> compile_key(const Located<std::string>& key,
                                                    FieldTable& fields, Diagnostics& diagnostics) {
  if (is_template(key.value)) {
    TextTemplate text = TextTemplate::parse(key, {.fields = &fields}, diagnostics);
    for (const TextTemplate::Piece& piece : text.pieces()) {
      const auto* reference = std::get_if<Reference>(&piece);
      if (reference == nullptr) continue;
      if (reference->looked_up)
        report_key(key.range, "another lookup, as " + in_backticks(reference->name) + " is",
                   diagnostics);
      if (reference->source == Reference::Source::Now)
        report_key(key.range, "the time", diagnostics);
    }
    return text;
  }
  // Looked for among the request's own fields first, so that no lookup is suggested.
  auto parsed = parse_field(key.value);
  if (fields.lookups()->has(key.value)) parsed = fields.parse(key.value);
  if (const auto* error = std::get_if<FieldError>(&parsed)) {
    diagnostics.error(key.range, "unknown-field", error->message + " in `key`", error->help);
    return std::size_t{0};
  }
  const Field& field = std::get<Field>(parsed);
  if (field.root == FieldRoot::Lookup) {
    report_key(key.range, "another lookup, as " + in_backticks(key.value) + " is", diagnostics);
    return std::size_t{0};
  }
  return fields.slot_of(field);
}

}  // namespace

bool key_ignores_case(const Located<std::string>& key) {
  const auto ignores_case = [](const std::string& name) {
    const auto parsed = parse_field(name);
    const auto* field = std::get_if<Field>(&parsed);
    return field != nullptr && field->ignores_case;
  };
  if (!is_template(key.value)) return ignores_case(key.value);
  // What is wrong with it is reported when the set is compiled.
  FieldTable fields;
  Diagnostics ignored;
  const TextTemplate text = TextTemplate::parse(key, {.fields = &fields}, ignored);
  return std::any_of(text.pieces().begin(), text.pieces().end(), [&](const auto& piece) {
    const auto* reference = std::get_if<Reference>(&piece);
    return reference != nullptr && reference->source == Reference::Source::Field &&
           ignores_case(reference->name);
  });
}

void compile_lookups(const RuleSetSpec& spec, FieldTable& fields, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  std::map<std::string_view, SourceRange> places;
  for (const LookupSpec& lookup : spec.lookups) {
    // A name that means something else keeps that meaning, and the first of two lookups its name.
    const bool good = is_good_name(lookup.name, diagnostics);
    const auto [first, added] = places.emplace(lookup.name.value, lookup.name.range);
    if (!added)
      diagnostics.error(lookup.name.range, "duplicate-lookup",
                        "lookup " + in_backticks(lookup.name.value) + " stands twice",
                        "the first one is at " + place(first->second));
    names.push_back(good && added ? lookup.name.value : "");
  }
  const auto lookups = std::make_shared<Lookups>(names, spec.complete);
  fields.set_lookups(lookups);
  for (std::size_t i = 0; i < spec.lookups.size(); ++i) {
    const LookupSpec& lookup = spec.lookups[i];
    Lookup compiled{lookup.rows, std::size_t{0}};
    if (lookup.key.range.file != nullptr)
      compiled.key = compile_key(lookup.key, fields, diagnostics);
    lookups->set(i, std::move(compiled));
  }
}

void check_unused_lookups(const RuleSetSpec& spec, const FieldTable& fields,
                          Diagnostics& diagnostics) {
  // Where rules have mistakes, what they meant to use is not known.
  if (diagnostics.has_errors()) return;
  for (std::size_t i = 0; i < spec.lookups.size(); ++i)
    if (!fields.lookups()->is_read(i))
      diagnostics.warning(spec.lookups[i].name.range, "unused-lookup",
                          "no rule uses lookup " + in_backticks(spec.lookups[i].name.value));
}

}  // namespace allocd
