// The names by which rules speak of a request: `registrationId`, `payload.model`, `/a/b~1c`.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace allocd {

// Where a field's value comes from.
enum class FieldRoot {
  Request,         // `path` leads from the whole request
  Enrollment,      // `path` leads from the enrollment record, group or individual
  EnrollmentId,    // enrollmentGroupId, or the individual enrollment's registrationId
  EnrollmentKind,  // `group` or `individual`
  Attestation,     // `symmetricKey`, `x509` or `tpm`
  Certificate,     // of the certificate that the device showed; `name` says what
  Lookup,          // `path` is the lookup's name, and leads on into the row that it finds
};

struct Field {
  std::string name;  // as written
  FieldRoot root = FieldRoot::Request;
  // Members to follow; a number indexes an array, and names a member of an object.
  std::vector<std::string> path{};
  // Whether letter case does not count, as DPS counts it: IDs and host names.
  bool ignores_case = false;
  // Whether DPS sends it in every request, so that a rule need not make sure of it.
  bool always_there = false;
  // Whether it is a column of a table: a text, and there wherever the row is.
  bool is_column = false;
};

struct FieldError {
  std::string message;  // "unknown field `registrationIdd`"
  std::string help;     // may be empty
};

// The field that `name` means. A name that begins with `/` is a JSON Pointer (RFC 6901) into the
// whole request.
std::variant<Field, FieldError> parse_field(std::string_view name);

// Whether the name, up to its first dot, is one that fields begin with (so that no variable may
// have it).
bool is_field_root(std::string_view name);

// Every name that a field may begin with.
const std::vector<std::string_view>& field_roots();

}  // namespace allocd
