// Requests made up so that other fields than the registration ID hold what a rule asks of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/implication.h"

namespace allocd {

// Values by the name of their field; nothing: the field is not there.
using MadeFields = std::map<std::string, std::optional<Json>, std::less<>>;

// Values of one field that meet all of `given`, which are demands on it, and of those the likely
// ones: more are tried than `given` speaks of where `others` do. May be empty though there are
// some.
std::vector<std::optional<Json>> values_that_meet(const std::string& field,
                                                  const std::vector<FieldDemand>& given,
                                                  const std::vector<FieldDemand>& others);

// A value for each field that there is a demand on. Nothing where none was found for one of them.
std::optional<MadeFields> fields_that_meet(const std::vector<FieldDemand>& demands);

// The body of a request in which the fields have these values, as DPS could send it, without a
// linked hub. Nothing where a field is none that a request brings along. What does not go together
// (`payload: 3` and `payload.a: 1`) comes out as something else: ask the engine.
std::optional<Json> made_body(std::string_view registration_id, const MadeFields& fields);

}  // namespace allocd
