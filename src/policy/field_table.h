// The fields that a rule set reads, and how to fetch all of them from a request in one walk.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/allocation_request.h"
#include "policy/field.h"
#include "policy/value.h"

namespace allocd {

// The values of a table's fields in one request, by slot. Valid as long as the request is.
class FieldValues {
 public:
  explicit FieldValues(std::size_t slots) : values_(slots) {}
  const Value& operator[](std::size_t slot) const { return values_[slot]; }

 private:
  friend class FieldTable;
  std::vector<Value> values_;
};

// Filled while a rule set is compiled, only read afterwards.
class FieldTable {
 public:
  FieldTable();

  // The slot of a field: fields that mean the same share one.
  std::size_t slot_of(const Field& field);

  // One pass over the request: the cost grows with the request and the fields, not their product.
  FieldValues read(const AllocationRequest& request) const;

  // Slots that every table has, since deciding itself looks at them.
  static constexpr std::size_t kRegistrationId = 0;
  static constexpr std::size_t kCurrentHub = 1;

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Node {
    std::size_t slot = kNone;
    std::map<std::string, std::size_t, std::less<>> children;  // indices into nodes_
  };

  void walk(const Json& json, const Node& node, std::vector<Value>& values) const;
  std::size_t new_slot() { return slots_++; }

  std::vector<Node> nodes_;
  std::size_t slots_ = 0;
  std::size_t enrollment_id_ = kNone;
  std::size_t enrollment_kind_ = kNone;
  std::size_t attestation_ = kNone;

  static constexpr std::size_t kRequestRoot = 0;
  static constexpr std::size_t kEnrollmentRoot = 1;
};

}  // namespace allocd
