#include "policy/request_values.h"

namespace allocd {

RequestValues values_of(const FieldTable& fields, const AllocationRequest& request) {
  RequestValues out(0);
  out.registration_id = request.registration_id;
  if (request.linked_hubs)
    out.linked_hubs.emplace(request.linked_hubs->begin(), request.linked_hubs->end());
  out.fields = fields.read(request);
  return out;
}

}  // namespace allocd
