// Lookups as written in, lookups that can be asked out.
#pragma once

#include <string>

#include "diagnostics/diagnostic.h"
#include "policy/field_table.h"
#include "policy/rule_spec.h"

namespace allocd {

// Whether letter case does not count for this `key`: where it uses a field of that kind, such as
// `registrationId`.
bool key_ignores_case(const Located<std::string>& key);

// Makes the lookups of the set known to `fields`. Reports [bad-name], [reserved-lookup],
// [duplicate-lookup], [unknown-field] and what is wrong with templates, and keys that another
// lookup or the time would have to fill in [bad-lookup-key].
void compile_lookups(const RuleSetSpec& spec, FieldTable& fields, Diagnostics& diagnostics);

// Reports lookups that no rule uses (warning [unused-lookup]). To be called last, and
// silent where there are errors.
void check_unused_lookups(const RuleSetSpec& spec, const FieldTable& fields,
                          Diagnostics& diagnostics);

}  // namespace allocd
