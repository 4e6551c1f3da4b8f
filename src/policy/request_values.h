// What deciding looks at: a request boiled down to what a rule set reads of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/allocation_request.h"
#include "policy/field_table.h"

namespace allocd {

// Texts are pieces of the request, or of what it was read with: valid as long as that is.
struct RequestValues {
  explicit RequestValues(std::size_t slots) : fields(slots) {}

  std::optional<std::string_view> registration_id;
  std::optional<std::vector<std::string_view>> linked_hubs;
  FieldValues fields;
};

// The values of the fields in `request`.
RequestValues values_of(const FieldTable& fields, const AllocationRequest& request);

}  // namespace allocd
